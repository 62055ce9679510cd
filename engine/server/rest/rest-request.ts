// HTTP request → commands, as Upstash's REST protocol has them:
//
//   POST /            ["SET","key","value"]          one command
//   GET  /set/key/value?EX=100                       its parts in the path, options in the query
//   POST /set/key?EX=100   <any bytes>               the body is the last part before the query
//   POST /pipeline    [["SET","a",1],["GET","a"]]    several, one after the other
//   POST /multi-exec  the same                       several, as a transaction

/** What is wrong with a request, for its sender. */
export class RestError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The parts of one command. */
export type Parts = readonly Buffer[];

export interface RestRequest {
  readonly kind: 'single' | 'pipeline' | 'transaction';
  readonly commands: readonly Parts[];
}

const methodsWithBody = new Set(['POST', 'PUT']);

/** Path and query of a request target, still percent-encoded. */
export interface Target {
  readonly path: string;
  readonly query: readonly (readonly [name: string, value: string])[];
}

export function targetOf(url: string): Target {
  const [withoutHash = ''] = url.split('#', 1);
  const at = withoutHash.indexOf('?');
  if (at < 0) return { path: withoutHash, query: [] };
  const pairs = withoutHash.slice(at + 1).split('&').filter((pair) => pair !== '');
  const query = pairs.map((pair) => {
    const equals = pair.indexOf('=');
    const text = pair.replaceAll('+', ' ');
    return equals < 0 ? [text, ''] as const
      : [text.slice(0, equals), text.slice(equals + 1)] as const;
  });
  return { path: withoutHash.slice(0, at), query };
}

/**
 * The commands of a request.
 * @throws {RestError} 400, 404 or 405.
 */
export function commandsOf(method: string, target: Target, body: Buffer): RestRequest {
  const { path } = target;
  const writes = methodsWithBody.has(method);
  if (path === '/pipeline' || path === '/multi-exec') {
    if (!writes) throw new RestError(405, `ERR ${path} takes POST, not ${method}`);
    const kind = path === '/pipeline' ? 'pipeline' : 'transaction';
    return { kind, commands: commandList(jsonOf(body), path) };
  }
  if (path === '/' || path === '') {
    if (!writes) {
      const hint = 'POST a JSON array such as ["SET","key","value"], or put it into the path: '
        + '/set/key/value';
      throw new RestError(404, `ERR no command given: ${hint}`);
    }
    return { kind: 'single', commands: [commandFrom(jsonOf(body), 'the body')] };
  }
  const parts = path.slice(1).split('/').map((part) => percentDecoded(part));
  if (parts.length > 1 && parts.at(-1)?.length === 0) parts.pop();
  if (writes && body.length > 0) parts.push(body);
  for (const [name, value] of target.query) {
    if (name === '_token') continue;
    parts.push(percentDecoded(name));
    if (value !== '') parts.push(percentDecoded(value));
  }
  return { kind: 'single', commands: [parts] };
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true });

/** Numbers keep the digits they were written with: they may be longer than a double holds. */
function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(strictUtf8.decode(body), keepDigits);
  } catch (error) {
    const reason = error instanceof SyntaxError ? error.message : 'it is not valid UTF-8';
    throw new RestError(400, `ERR failed to parse the body as JSON: ${reason.slice(0, 200)}`);
  }
}

function keepDigits(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  return typeof value === 'number' ? context?.source ?? String(value) : value;
}

function commandList(json: unknown, path: string): readonly Parts[] {
  if (!Array.isArray(json)) {
    const hint = '[["SET","a",1],["GET","a"]]';
    throw new RestError(400, `ERR ${path} expects an array of commands: ${hint}`);
  }
  if (json.length === 0) throw new RestError(400, `ERR ${path}: no commands`);
  return json.map((one, index) => commandFrom(one, `command ${index}`));
}

function commandFrom(json: unknown, where: string): Parts {
  if (!Array.isArray(json)) {
    throw new RestError(400, `ERR expected ${where} to be an array such as ["SET","key","value"]`);
  }
  if (json.length === 0) throw new RestError(400, `ERR empty command: ${where}`);
  return json.map((part, index) => partFrom(part, `argument ${index} of ${where}`));
}

function partFrom(part: unknown, where: string): Buffer {
  if (typeof part === 'string') return Buffer.from(part);
  if (typeof part === 'boolean') return Buffer.from(String(part));
  const found = part === null ? 'null' : Array.isArray(part) ? 'an array' : 'an object';
  const hint = Array.isArray(part) ? '; several commands go to /pipeline' : '';
  const expected = 'to be a string or a number';
  throw new RestError(400, `ERR expected ${where} ${expected}, found ${found}${hint}`);
}

/** Bytes of a part of the URL; `%` without two digits stands for itself. */
export function percentDecoded(text: string): Buffer {
  if (!text.includes('%')) return Buffer.from(text);
  const pieces = text.split(/((?:%[0-9a-f]{2})+)/i);
  return Buffer.concat(pieces.map((piece, index) =>
    index % 2 === 0 ? Buffer.from(piece) : Buffer.from(piece.replaceAll('%', ''), 'hex')));
}
