// A small S3 server for tests and claims, on loopback and in memory: it checks signatures and
// sums by itself, keeps parts, and breaks connections where a test says so.

import { createHash } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { escaped } from '../xml.ts';
import { expectedSignature, parseAuthorization } from './signature.ts';

/** What harm the next requests meet. */
export type Harm =
  | { readonly kind: 'none' }
  /** The connection ends when so many bytes of the body have come. */
  | { readonly kind: 'break-upload'; readonly afterBytes: number }
  /** The request is carried out, and the answer never sent. */
  | { readonly kind: 'break-answer' }
  /** The connection ends when so many bytes of the answer were sent. */
  | { readonly kind: 'break-download'; readonly afterBytes: number }
  | { readonly kind: 'answer'; readonly status: number; readonly code: string }
  /** One bit of what is sent is wrong. */
  | { readonly kind: 'flip-bit' };

/** What a server is like. */
export interface ServerOptions {
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly region?: string;
  /** The server's clock less that of this machine, ms. */
  readonly skewMs?: number;
  /** Most keys of one listing. */
  readonly pageKeys?: number;
  /** Decides for each request, which are counted from 0. */
  readonly harm?: (request: { readonly index: number; readonly method: string;
    readonly key: string; readonly query: URLSearchParams }) => Harm;
}

/** A server that runs. */
export interface TestServer {
  readonly endpoint: string;
  readonly objects: Map<string, Buffer>;
  /** Requests in order: `PUT a/b?partNumber=1`. */
  readonly requests: string[];
  /** Uploads in parts that are under way. */
  readonly uploads: Map<string, { readonly key: string; readonly parts: Map<number, Buffer> }>;
  /** Everything a client sent but the bodies. */
  readonly received: string[];
  close(): Promise<void>;
}

interface Request {
  readonly method: string;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly body: Buffer;
  readonly headers: http.IncomingHttpHeaders;
}

interface Answer {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: Buffer | string;
}

const allowedSkewMs = 15 * 60 * 1000;

/** Starts one. */
export async function startS3Server(options: ServerOptions): Promise<TestServer> {
  const state = {
    objects: new Map<string, Buffer>(), requests: [] as string[], received: [] as string[],
    uploads: new Map<string, { key: string; parts: Map<number, Buffer> }>(),
  };
  const server = http.createServer((request, response) => {
    const { socket } = request;
    serve(options, state, { request, response }).catch(() => socket.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    ...state, endpoint: `http://127.0.0.1:${port}`,
    close: () => new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    }),
  };
}

type State = Omit<TestServer, 'endpoint' | 'close'>;

async function serve(
  options: ServerOptions, state: State,
  { request, response }: { request: http.IncomingMessage; response: http.ServerResponse },
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://any');
  const isVirtual = request.headers.host?.startsWith(`${options.bucket}.`) === true;
  const path = decodeURIComponent(url.pathname).slice(1);
  const key = isVirtual ? path : path.split('/').slice(1).join('/');
  const bucket = isVirtual ? options.bucket : path.split('/')[0];
  const method = request.method ?? '';
  const index = state.requests.push(`${method} ${key}${url.search}`) - 1;
  state.received.push(`${request.url} ${JSON.stringify(request.headers)}`);
  const harm = options.harm?.({ index, method, key, query: url.searchParams }) ?? { kind: 'none' };
  const body = await bodyOf(request, harm);
  const refused = refusalOf(options, { request, body });
  const answer = refused ?? (bucket === options.bucket ? null
    : failure(404, 'NoSuchBucket', 'The specified bucket does not exist'))
    ?? (harm.kind === 'answer' ? failure(harm.status, harm.code, 'as told') : null)
    ?? act(options, state, {
      method, key, query: url.searchParams, body, headers: request.headers,
    });
  if (harm.kind === 'break-answer') response.destroy();
  else reply(options, response, { answer, harm, isHead: method === 'HEAD' });
}

async function bodyOf(request: http.IncomingMessage, harm: Harm): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    chunks.push(chunk as Buffer);
    length += (chunk as Buffer).length;
    if (harm.kind === 'break-upload' && length >= harm.afterBytes) throw new Error('as told');
  }
  return Buffer.concat(chunks);
}

function reply(options: ServerOptions, response: http.ServerResponse, { answer, harm, isHead }: {
  answer: Answer; harm: Harm; isHead: boolean;
}): void {
  let body = Buffer.from(answer.body ?? '');
  const headers: Record<string, string> = {
    'date': new Date(Date.now() + (options.skewMs ?? 0)).toUTCString(),
    'content-length': String(body.length), ...answer.headers,
  };
  response.writeHead(answer.status, headers);
  if (isHead) {
    response.end();
  } else if (harm.kind === 'break-download' && body.length > harm.afterBytes) {
    response.write(body.subarray(0, harm.afterBytes), () => response.socket?.destroy());
  } else {
    if (harm.kind === 'flip-bit' && body.length > 0) {
      body = Buffer.from(body);
      body[body.length >> 1] = (body[body.length >> 1] ?? 0) ^ 1;
    }
    response.end(body);
  }
}

function failure(status: number, code: string, message: string): Answer {
  const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${escaped(message)}`
    + '</Message></Error>';
  return { status, body };
}

/** Who may not, or did not send what he signed. */
function refusalOf(
  options: ServerOptions, { request, body }: { request: http.IncomingMessage; body: Buffer },
): Answer | null {
  const headers = request.headers as Record<string, string | undefined>;
  const authorization = parseAuthorization(headers['authorization']);
  if (authorization === null) return failure(403, 'AccessDenied', 'no signature');
  const date = headers['x-amz-date'] ?? '';
  const signedMs = Date.parse(date.replace(
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (Math.abs(signedMs - Date.now() - (options.skewMs ?? 0)) > allowedSkewMs) {
    return failure(403, 'RequestTimeTooSkewed', 'The difference between the times is too large.');
  }
  if (authorization.accessKeyId !== options.accessKeyId) {
    return failure(403, 'InvalidAccessKeyId', `${authorization.accessKeyId} does not exist`);
  }
  if (options.sessionToken !== headers['x-amz-security-token']) {
    return failure(403, 'InvalidToken', 'The provided token is not valid');
  }
  const received = { method: request.method ?? '', target: request.url ?? '', headers };
  for (const name of ['host', 'x-amz-date', 'x-amz-content-sha256']) {
    if (!authorization.signedHeaders.includes(name)) {
      return failure(403, 'AccessDenied', `${name} is not signed`);
    }
  }
  const expected = expectedSignature(received, authorization, options.secretAccessKey);
  if (authorization.signature !== expected || !date.startsWith(authorization.day)) {
    return failure(403, 'SignatureDoesNotMatch',
      `AWSAccessKeyId ${options.accessKeyId}: the signature is not ${expected}`);
  }
  if (options.region !== undefined && authorization.region !== options.region) {
    const body301 = failure(301, 'PermanentRedirect', 'another region').body ?? '';
    return { status: 301, body: body301, headers: { 'x-amz-bucket-region': options.region } };
  }
  if (headers['x-amz-content-sha256'] !== createHash('sha256').update(body).digest('hex')) {
    return failure(400, 'XAmzContentSHA256Mismatch', 'The body is another');
  }
  const md5 = headers['content-md5'];
  if (md5 !== undefined && md5 !== createHash('md5').update(body).digest('base64')) {
    return failure(400, 'BadDigest', 'The body is another');
  }
  return null;
}

function act(options: ServerOptions, state: State, request: Request): Answer {
  const { method, key, query } = request;
  if (key === '') return listing(options, state, query);
  if (query.has('uploads') || query.has('uploadId')) return actOnUpload(state, request);
  const { objects } = state;
  if (method === 'PUT') {
    objects.set(key, request.body);
    return { status: 200, headers: { etag: etagOf(request.body) } };
  }
  if (method === 'DELETE') {
    objects.delete(key);
    return { status: 204 };
  }
  const found = objects.get(key);
  if (found === undefined) return failure(404, 'NoSuchKey', 'The specified key does not exist.');
  if (method === 'HEAD') {
    return { status: 200, headers: { 'content-length': String(found.length) } };
  }
  const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
  return range === null ? { status: 200, body: found }
    : { status: 206, body: found.subarray(Number(range[1]), Number(range[2]) + 1) };
}

function actOnUpload({ objects, uploads }: State, request: Request): Answer {
  const { method, key, query, body } = request;
  if (query.has('uploads')) {
    const id = `upload-${uploads.size + 1}`;
    uploads.set(id, { key, parts: new Map() });
    return { status: 200, body: `<R><UploadId>${id}</UploadId></R>` };
  }
  const id = query.get('uploadId') ?? '';
  const upload = uploads.get(id);
  if (upload === undefined || upload.key !== key) {
    return failure(404, 'NoSuchUpload', 'The specified upload does not exist.');
  }
  if (method === 'PUT') {
    upload.parts.set(Number(query.get('partNumber')), body);
    return { status: 200, headers: { etag: etagOf(body) } };
  }
  if (method === 'GET') {
    const parts = [...upload.parts].map(([number, bytes]) => `<Part><PartNumber>${number}`
      + `</PartNumber><ETag>${escaped(etagOf(bytes))}</ETag><Size>${bytes.length}</Size></Part>`);
    return { status: 200, body: `<R><IsTruncated>false</IsTruncated>${parts.join('')}</R>` };
  }
  uploads.delete(id);
  if (method === 'DELETE') return { status: 204 };
  const wanted = [...body.toString().matchAll(/<PartNumber>(\d+)<[^]*?<ETag>"(\w+)"</g)];
  const pieces = wanted.map(([, number, etag]) => {
    const part = upload.parts.get(Number(number));
    return part === undefined || etagOf(part) !== `"${etag}"` ? null : part;
  });
  if (pieces.includes(null)) return failure(400, 'InvalidPart', 'A part is another');
  objects.set(key, Buffer.concat(pieces.filter((piece) => piece !== null)));
  return { status: 200, body: '<R><ETag>"x-1"</ETag></R>' };
}

function listing(options: ServerOptions, { objects }: State, query: URLSearchParams): Answer {
  const prefix = query.get('prefix') ?? '';
  const after = query.get('continuation-token') ?? '';
  const keys = [...objects.keys()].filter((key) => key.startsWith(prefix) && key > after).sort();
  const page = keys.slice(0, options.pageKeys ?? 1000);
  const isTruncated = page.length < keys.length;
  const contents = page.map((key) => `<Contents><Key>${escaped(key)}</Key>`
    + `<LastModified>2026-01-01T00:00:00.000Z</LastModified>`
    + `<Size>${objects.get(key)?.length ?? 0}</Size></Contents>`);
  const next = isTruncated
    ? `<NextContinuationToken>${escaped(page.at(-1) ?? '')}</NextContinuationToken>` : '';
  return {
    status: 200,
    body: `<R><IsTruncated>${isTruncated}</IsTruncated>${contents.join('')}${next}</R>`,
  };
}

function etagOf(bytes: Buffer): string {
  return `"${createHash('md5').update(bytes).digest('hex')}"`;
}
