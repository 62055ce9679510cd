// An S3 client of the calls that a backup needs, each with its retries.

import { setTimeout as sleep } from 'node:timers/promises';
import type http from 'node:http';
import { HarnessError } from '../errors.ts';
import { S3Answer, failureOf, isWorthRetrying } from './failures.ts';
import { bodyText, send, usualTransport } from './request.ts';
import type { S3Request, Transport } from './request.ts';
import type { S3Settings } from './settings.ts';
import { blocksOf, escaped, textOf, textsOf } from './xml.ts';

/** An object in a listing. */
export interface S3Object {
  readonly key: string;
  readonly bytes: number;
  readonly modifiedMs: number;
}

/** A part that the server has. */
export interface S3Part {
  readonly number: number;
  readonly bytes: number;
  /** Without quotes: the MD5 of the part, unless the server encrypts with keys of its own. */
  readonly etag: string;
}

/** How often and after which waits a failed request is tried again. */
export interface Retries {
  /** Tries after the first; each waits twice as long as the one before. */
  readonly count: number;
  readonly firstWaitMs: number;
  readonly maxWaitMs: number;
}

/** Of every client that is not told otherwise: about a minute in all. */
export const usualRetries: Retries = { count: 7, firstWaitMs: 250, maxWaitMs: 20_000 };

/** How a client works. */
export interface ClientOptions {
  readonly signal: AbortSignal;
  readonly retries?: Retries;
  readonly transport?: Transport;
  /** A try failed and another follows. */
  readonly onRetry?: (text: string) => void;
}

/** Calls of one bucket. Keys are whole: the prefix of the settings is not added. */
export class S3Client {
  readonly settings: S3Settings;
  readonly #options: ClientOptions;

  constructor(settings: S3Settings, options: ClientOptions) {
    this.settings = settings;
    this.#options = options;
  }

  /** The whole text of an object; null when there is none. */
  async getText(key: string): Promise<string | null> {
    return this.#call(`reading ${key}`, { method: 'GET', key }, bodyText);
  }

  /**
   * Reads an object from an offset on; `take` gets it piece by piece and may be called again with
   * the rest after a broken connection, since `offset` says where it stands.
   */
  async read(key: string, to: {
    readonly offset: () => number;
    readonly take: (bytes: Buffer) => void | Promise<void>;
    readonly total: number;
  }): Promise<void> {
    const found = await this.#retrying(`reading ${key}`, async () => {
      if (to.offset() >= to.total) return true;
      const range = { Range: `bytes=${to.offset()}-${to.total - 1}` };
      const response = await this.#send({ method: 'GET', key, headers: range });
      if (response.statusCode !== 206 && to.offset() > 0) {
        throw new HarnessError('STORE_FAILED', `reading ${key}: the server ignores ranges, so a`
          + ' broken download cannot go on; remove the partial files and start again');
      }
      for await (const chunk of response) await to.take(chunk as Buffer);
      if (to.offset() < to.total) throw new Error('the connection broke');
      return true;
    });
    if (found === null) {
      throw new HarnessError('BACKUP_BAD', `${key} is missing in the store: the backup is damaged`);
    }
  }

  /** Writes a whole object of up to 5 GB. */
  async put(key: string, body: Uint8Array): Promise<void> {
    await this.#call(`writing ${key}`, { method: 'PUT', key, body }, bodyText);
  }

  /** Length of an object; null when there is none. */
  size(key: string): Promise<number | null> {
    return this.#call(`asking for ${key}`, { method: 'HEAD', key }, async (response) => {
      await bodyText(response);
      return Number(response.headers['content-length']);
    });
  }

  /** Removes an object; one that is not there is no failure. */
  async remove(key: string): Promise<void> {
    await this.#call(`removing ${key}`, { method: 'DELETE', key }, bodyText);
  }

  /** All objects whose key begins so, in the order of keys. */
  async list(prefix: string): Promise<S3Object[]> {
    const found: S3Object[] = [];
    let token: string | null = null;
    do {
      const query: Record<string, string> = {
        'list-type': '2', prefix, ...(token === null ? {} : { 'continuation-token': token }),
      };
      const xml: string = await this.#bucketCall('listing', { method: 'GET', key: '', query });
      for (const block of blocksOf(xml, 'Contents')) {
        found.push({
          key: textOf(block, 'Key') ?? '',
          bytes: Number(textOf(block, 'Size')),
          modifiedMs: Date.parse(textOf(block, 'LastModified') ?? ''),
        });
      }
      token = textOf(xml, 'IsTruncated') === 'true' ? textOf(xml, 'NextContinuationToken') : null;
    } while (token !== null);
    return found;
  }

  /** Begins an upload in parts; its id. */
  async beginParts(key: string): Promise<string> {
    const request: S3Request = { method: 'POST', key, query: { uploads: '' } };
    const id = textOf(await this.#bucketCall(`beginning ${key}`, request), 'UploadId');
    if (id === null) throw new HarnessError('STORE_FAILED', `beginning ${key}: no upload id came`);
    return id;
  }

  /** Writes one part; its tag. */
  async putPart(
    key: string, { uploadId, number }: { readonly uploadId: string; readonly number: number },
    body: Uint8Array,
  ): Promise<string> {
    const query = { partNumber: String(number), uploadId };
    const request: S3Request = { method: 'PUT', key, query, body };
    const etag = await this.#call(`part ${number} of ${key}`, request, async (response) => {
      await bodyText(response);
      return String(response.headers.etag ?? '').replaceAll('"', '');
    });
    if (etag === null) {
      throw new HarnessError('STORE_FAILED', `part ${number} of ${key}: the upload is gone`);
    }
    return etag;
  }

  /** The parts that are there already; null when the upload is not known any more. */
  async parts(key: string, uploadId: string): Promise<S3Part[] | null> {
    const found: S3Part[] = [];
    for (let marker: string | null = '0'; marker !== null;) {
      const query: Record<string, string> = { uploadId, 'part-number-marker': marker };
      const xml: string | null = await this.#call(
        `asking for the parts of ${key}`, { method: 'GET', key, query }, bodyText,
      );
      if (xml === null) return null;
      for (const block of blocksOf(xml, 'Part')) {
        found.push({
          number: Number(textOf(block, 'PartNumber')),
          bytes: Number(textOf(block, 'Size')),
          etag: (textOf(block, 'ETag') ?? '').replaceAll('"', ''),
        });
      }
      marker = textOf(xml, 'IsTruncated') === 'true' ? textOf(xml, 'NextPartNumberMarker') : null;
    }
    return found;
  }

  /** Makes an object of its parts. */
  async completeParts(
    key: string, uploadId: string, parts: readonly Pick<S3Part, 'number' | 'etag'>[],
  ): Promise<void> {
    const body = Buffer.from(`<CompleteMultipartUpload>${parts.map(({ number, etag }) => (
      `<Part><PartNumber>${number}</PartNumber><ETag>"${escaped(etag)}"</ETag></Part>`
    )).join('')}</CompleteMultipartUpload>`);
    const request: S3Request = { method: 'POST', key, query: { uploadId }, body };
    // When the answer to a first try got lost, the upload is gone and the object there: the caller
    // asks for its size.
    await this.#call(`completing ${key}`, request, async (response) => {
      const xml = await bodyText(response);
      if (textsOf(xml, 'Error').length === 0) return;
      // S3 may say 200 first and fail while it puts the parts together.
      throw new S3Answer({
        status: 500, code: textOf(xml, 'Code') ?? '', message: textOf(xml, 'Message') ?? '',
        serverDate: null, bucketRegion: null,
      });
    });
  }

  /** Gives up an upload in parts. */
  async abortParts(key: string, uploadId: string): Promise<void> {
    const request: S3Request = { method: 'DELETE', key, query: { uploadId } };
    await this.#call(`giving up ${key}`, request, bodyText);
  }

  async #bucketCall(doing: string, request: S3Request): Promise<string> {
    const text = await this.#call(doing, request, bodyText);
    if (text !== null) return text;
    throw new HarnessError('STORE_FAILED', `${doing}: nothing of that name is at`
      + ` ${this.settings.endpoint.origin}; check the endpoint`);
  }

  /** Null when the answer is that there is no such object. */
  #call<T>(
    doing: string, request: S3Request, read: (response: http.IncomingMessage) => Promise<T>,
  ): Promise<T | null> {
    return this.#retrying(doing, async () => read(await this.#send(request)));
  }

  #send(request: S3Request): Promise<http.IncomingMessage> {
    const { signal, transport } = this.#options;
    return send(this.settings, request, { signal, transport: transport ?? usualTransport });
  }

  async #retrying<T>(doing: string, attempt: () => Promise<T>): Promise<T | null> {
    const { signal, retries = usualRetries, onRetry } = this.#options;
    for (let tried = 0; ; tried++) {
      try {
        return await attempt();
      } catch (error) {
        if (signal.aborted) throw interrupted();
        if (error instanceof S3Answer && isAbsence(error)) return null;
        const failure = failureOf(error, this.settings, doing);
        if (tried >= retries.count || !isWorthRetrying(error)) throw failure;
        onRetry?.(`${failure.message}; try ${tried + 2} of ${retries.count + 1} follows`);
        const waitMs = Math.min(retries.maxWaitMs, retries.firstWaitMs * 2 ** tried);
        // Half of it at random, so that clients that failed together do not come back together.
        await sleep(waitMs * (0.5 + Math.random() / 2), undefined, { signal })
          .catch(() => {
            throw interrupted();
          });
      }
    }
  }
}

function isAbsence({ status, code }: S3Answer): boolean {
  return status === 404 && (code === 'NoSuchKey' || code === 'NoSuchUpload' || code === 'NotFound');
}

function interrupted(): HarnessError {
  return new HarnessError('INTERRUPTED', 'interrupted');
}
