// The REST edge: an HTTP server that speaks Upstash's protocol, for @upstash/redis, curl and load
// generators. Who may use it, what it lets in, and its errors; the commands run in RestCall.

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Configuration } from '../../config/configuration.ts';
import { EngineError } from '../../errors.ts';
import { addressOf, isLocal } from '../access.ts';
import type { Secret } from '../access.ts';
import type { SessionHost } from '../session.ts';
import { RestCall } from './rest-call.ts';
import { commandsOf, percentDecoded, RestError, targetOf } from './rest-request.ts';
import type { Target } from './rest-request.ts';

export interface RestHost extends SessionHost {
  readonly config: Configuration;
  /** `requirepass`. */
  readonly access: Secret;
  /** `rest-token`. */
  readonly restToken: Secret;
  readonly connectionCount: number;
  nextSessionId(): number;
}

const allowed = 'GET, HEAD, POST, PUT, OPTIONS';
const keepAliveMs = 65_000;
/** How long the rest of a refused body is still taken, so that the answer is not reset. */
const lingerMs = 1000;

const forBrowsers = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': allowed,
  'access-control-allow-headers': '*, authorization',
};

export class RestServer {
  port = -1;
  /** Bodies of all requests together that are kept at a time. */
  allBodiesBytes: number = 256 * 1024 * 1024;
  private readonly host: RestHost;
  private readonly servers: Server[] = [];
  private bodyBytes = 0;
  private connections = 0;

  constructor(host: RestHost) {
    this.host = host;
  }

  get connectionCount(): number {
    return this.connections;
  }

  /** @throws {EngineError} PORT_UNAVAILABLE when an address cannot be had. */
  async open(): Promise<void> {
    const { config } = this.host;
    this.port = config.integer('rest-port');
    if (this.port < 0) return;
    for (const written of config.words('bind')) {
      const optional = written.startsWith('-');
      const address = written.replace(/^-/, '').replace(/^(::)?\*$/, (_, six) => six ?? '0.0.0.0');
      await this.openOne(address, optional);
    }
  }

  close(): void {
    for (const server of this.servers) {
      server.close();
      server.closeAllConnections();
    }
    this.servers.length = 0;
  }

  private async openOne(address: string, optional: boolean): Promise<void> {
    // A tenth of the engine's start, and few ask for this edge.
    const { createServer } = await import('node:http');
    const server = createServer({
      keepAlive: true, noDelay: true, keepAliveTimeout: keepAliveMs, requestTimeout: 60_000,
      headersTimeout: 30_000,
    }, (request, response) => this.receive(request, response));
    server.on('checkContinue', (request, response) => this.receive(request, response, true));
    server.on('connection', (socket: Socket) => this.connected(socket));
    server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) =>
      refuseBytes(error, socket));
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once('error', reject);
    server.listen({ port: this.port, host: address, exclusive: true,
      ipv6Only: address.includes(':') }, resolve);
    try {
      await promise;
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (optional && (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT')) return;
      const reason = code === 'EADDRINUSE' ? 'another process listens there' : code ?? 'refused';
      const message = `cannot listen on ${address}:${this.port}: ${reason}; choose another port `
        + 'with --rest-port';
      throw new EngineError('PORT_UNAVAILABLE', message, { cause });
    }
    server.on('error', () => {});
    this.servers.push(server);
    const bound = server.address();
    if (bound !== null && typeof bound === 'object') this.port = bound.port;
  }

  private connected(socket: Socket): void {
    const { host } = this;
    if (host.connectionCount >= host.config.integer('maxclients')) {
      host.statistics.connectionsRejected++;
      const json = JSON.stringify({ error: 'ERR max number of clients reached' });
      socket.end(`HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\n`
        + `content-length: ${json.length}\r\nconnection: close\r\n\r\n${json}`);
      return;
    }
    host.statistics.connectionsReceived++;
    this.connections++;
    socket.once('close', () => this.connections--);
  }

  private receive(request: IncomingMessage, response: ServerResponse, continues = false): void {
    try {
      if (request.method === 'OPTIONS') {
        response.writeHead(204, { allow: allowed, ...this.openHeaders() });
        response.end();
        return;
      }
      if (!allowed.includes(request.method ?? '')) {
        throw new RestError(405, `ERR the method ${request.method} is not one of ${allowed}`);
      }
      const target = targetOf(request.url ?? '/');
      this.authorize(request, target);
      this.checkLength(Number(request.headers['content-length'] ?? 0));
      if (continues) response.writeContinue();
      this.readBody(request, response, (body) => this.run({ request, response, target, body }));
    } catch (error) {
      this.refuse(response, error);
    }
  }

  /** Bearer token, `_token`, or nothing where nothing is asked for. */
  private authorize(request: IncomingMessage, target: Target): void {
    const { host } = this;
    const secret = host.restToken.required ? host.restToken : host.access;
    if (!secret.required) {
      refuseStrangers(request);
      return;
    }
    const bearer = /^Bearer +(.*)$/i.exec(request.headers.authorization ?? '')?.[1];
    const inQuery = target.query.find(([name]) => name === '_token')?.[1];
    const token = bearer ?? (inQuery === undefined ? undefined : percentDecoded(inQuery));
    if (token === undefined || !secret.accepts(token)) {
      throw new RestError(401, 'WRONGPASS invalid or missing auth token');
    }
  }

  /** A body of so many bytes, of which `counted` are in `bodyBytes` already. */
  private checkLength(bytes: number, counted = 0): void {
    const limit = this.host.config.integer('rest-max-request-size');
    if (bytes > limit) {
      throw new RestError(413, `ERR max request size exceeded: at most ${limit} bytes, see `
        + 'rest-max-request-size');
    }
    if (this.bodyBytes - counted + bytes > this.allBodiesBytes) {
      throw new RestError(503, 'ERR too many large requests at a time, try again');
    }
  }

  private readBody(
    request: IncomingMessage, response: ServerResponse, done: (body: Buffer) => void,
  ): void {
    const chunks: Buffer[] = [];
    let length = 0;
    const forget = (): void => {
      this.bodyBytes -= length;
      length = 0;
      chunks.length = 0;
    };
    request.on('data', (chunk: Buffer) => {
      if (response.headersSent) return;
      try {
        this.checkLength(length + chunk.length, length);
      } catch (error) {
        forget();
        this.refuse(response, error);
        return;
      }
      chunks.push(chunk);
      length += chunk.length;
      this.bodyBytes += chunk.length;
    });
    request.on('end', () => {
      if (response.headersSent) return;
      const body = chunks.length === 1 ? chunks[0] as Buffer : Buffer.concat(chunks);
      forget();
      done(body);
    });
    request.on('close', forget);
    request.on('error', () => {});
  }

  private run(received: Received): void {
    const { request, response, target, body } = received;
    const { host } = this;
    host.statistics.inputBytes += body.length + target.path.length;
    try {
      const call = new RestCall(host, {
        request: commandsOf(request.method ?? 'GET', target, body),
        base64: request.headers['upstash-encoding']?.toString().toLowerCase() === 'base64',
        sessionId: host.nextSessionId(),
        address: addressOf(request.socket.remoteAddress, request.socket.remotePort),
        answer: ({ status, json }) => this.send(response, status, json),
      });
      response.on('close', () => call.abandon());
      call.resume();
    } catch (error) {
      this.refuse(response, error);
    }
  }

  private refuse(response: ServerResponse, error: unknown): void {
    // Anything else is a bug of ours: it ends the process and is not told to strangers.
    if (!(error instanceof RestError)) throw error;
    if (error.status === 405) response.setHeader('allow', allowed);
    if (error.status === 401) response.setHeader('www-authenticate', 'Bearer');
    const { req: request } = response;
    if (!request.complete && hasBody(request)) {
      response.setHeader('connection', 'close');
      const { socket } = request;
      request.resume();
      setTimeout(() => socket.destroy(), lingerMs).unref();
    }
    this.host.statistics.errorReplies++;
    this.send(response, error.status, JSON.stringify({ error: error.message }));
  }

  private send(response: ServerResponse, status: number, json: string): void {
    const bytes = Buffer.from(json);
    this.host.statistics.outputBytes += bytes.length;
    response.writeHead(status, {
      'content-type': 'application/json', 'content-length': bytes.length, ...this.openHeaders(),
    });
    response.end(bytes);
  }

  /** Pages of other sites may use the edge when it asks for a token, as with Upstash. */
  private openHeaders(): Record<string, string> {
    const asks = this.host.restToken.required || this.host.access.required;
    return asks ? forBrowsers : {};
  }
}

interface Received {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly target: Target;
  readonly body: Buffer;
}

const localNames = /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/i;

/**
 * Without a token only this machine may come, and no web page that a browser here shows: those have
 * an Origin, or come under a foreign name that was made to point here.
 */
function refuseStrangers({ socket, headers }: IncomingMessage): void {
  if (!isLocal(addressOf(socket.remoteAddress, socket.remotePort))) {
    throw new RestError(401, 'NOAUTH without rest-token or requirepass REST is for the loopback '
      + 'interface only');
  }
  if (headers.origin !== undefined || !localNames.test(headers.host ?? 'localhost')) {
    throw new RestError(401, 'NOAUTH web pages need a token: set rest-token');
  }
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** What is not HTTP at all. */
function refuseBytes(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const long = error.code === 'HPE_HEADER_OVERFLOW';
  const status = long ? '431 Request Header Fields Too Large' : '400 Bad Request';
  const text = long ? 'ERR the URL and headers are too long: put the command into the body'
    : 'ERR this is not an HTTP request';
  const json = JSON.stringify({ error: text });
  socket.end(`HTTP/1.1 ${status}\r\ncontent-type: application/json\r\n`
    + `content-length: ${json.length}\r\nconnection: close\r\n\r\n${json}`);
}
