// One signed HTTP request. aws4fetch signs, node:http sends: that way an idle connection can be
// given up, and a body is read as it comes.

import { createHash } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import { AwsV4Signer } from 'aws4fetch';
import { S3Answer } from './failures.ts';
import { urlOf } from './settings.ts';
import type { S3Settings } from './settings.ts';
import { textOf } from './xml.ts';

/** What is asked for. */
export interface S3Request {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** '' for the bucket. */
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/** How requests travel; tests shorten the wait and find hosts that no DNS knows. */
export interface Transport {
  /** A connection on which nothing comes or goes for so long is given up. */
  readonly idleMs: number;
  readonly lookup?: (host: string) => string;
}

/** Of every client that is not told otherwise. */
export const usualTransport: Transport = { idleMs: 30_000 };

const noBody = new Uint8Array(0);
const errorBodyMaxBytes = 64 * 1024;

/**
 * Sends one request; resolves when the head of a successful answer is there.
 * @throws {S3Answer} when the answer is no success; a system error when there is none.
 */
export async function send(
  settings: S3Settings, request: S3Request, { transport, signal }: {
    readonly transport: Transport; readonly signal: AbortSignal;
  },
): Promise<http.IncomingMessage> {
  const { url, headers } = await signed(settings, request);
  const response = await exchange({ url, headers, request, transport, signal });
  const status = response.statusCode ?? 0;
  if (status >= 200 && status < 300) return response;
  throw await answerOf(response, status);
}

async function signed(
  settings: S3Settings, { method, key, query, headers, body }: S3Request,
): Promise<{ url: URL; headers: Record<string, string> }> {
  const url = urlOf(settings, key);
  for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, value);
  const bytes = body ?? noBody;
  const signer = new AwsV4Signer({
    method, url: url.toString(), service: 's3', region: settings.region,
    ...settings.credentials.reveal(),
    headers: {
      ...headers,
      // The server refuses a body that is not this one; MD5 is what every copy of S3 checks.
      'X-Amz-Content-Sha256': createHash('sha256').update(bytes).digest('hex'),
      ...(body === undefined ? {}
        : { 'Content-MD5': createHash('md5').update(bytes).digest('base64') }),
    },
  });
  const result = await signer.sign();
  return {
    url: result.url,
    headers: { ...Object.fromEntries(result.headers), 'content-length': String(bytes.length) },
  };
}

interface Exchange {
  readonly url: URL;
  readonly headers: Record<string, string>;
  readonly request: S3Request;
  readonly transport: Transport;
  readonly signal: AbortSignal;
}

function exchange(
  { url, headers, request, transport, signal }: Exchange,
): Promise<http.IncomingMessage> {
  const { lookup, idleMs } = transport;
  return new Promise((resolve, reject) => {
    const client = url.protocol === 'https:' ? https : http;
    const outgoing = client.request(url, {
      method: request.method, headers, signal, timeout: idleMs,
      ...(lookup === undefined ? {} : { hostname: lookup(url.hostname), servername: url.hostname }),
      setHost: false,
    }, resolve);
    outgoing.setHeader('host', url.host);
    outgoing.on('timeout', () => {
      outgoing.destroy(new Error(`nothing came or went for ${idleMs / 1000} s`));
    });
    outgoing.on('error', reject);
    outgoing.end(request.body ?? noBody);
  });
}

async function answerOf(response: http.IncomingMessage, status: number): Promise<S3Answer> {
  let text = '';
  for await (const chunk of response) {
    text += String(chunk);
    if (text.length > errorBodyMaxBytes) break;
  }
  const date = new Date(response.headers.date ?? '');
  const region = response.headers['x-amz-bucket-region'];
  return new S3Answer({
    status,
    code: textOf(text, 'Code') ?? (status === 404 ? 'NotFound' : http.STATUS_CODES[status] ?? ''),
    message: textOf(text, 'Message') ?? '',
    serverDate: Number.isNaN(date.getTime()) ? null : date,
    bucketRegion: typeof region === 'string' ? region : textOf(text, 'Region'),
  });
}

/** The whole body as text. */
export async function bodyText(response: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  if (!response.complete) throw new Error('the connection broke in the middle of an answer');
  return Buffer.concat(chunks).toString('utf8');
}
