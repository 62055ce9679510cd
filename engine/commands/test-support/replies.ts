// Replies of the wire → one line of text each, exact enough to compare servers byte for byte.
//
//   +OK  -ERR …  :1  "bulk \x00"  nil ($-1)  nil* (*-1)  [a, b]      both protocols
//   _  ,1.5  #t  (123  {k: v}  ~[a]  >[a]  =txt:"…"  |{k: v} reply    RESP3

/** A reply's text and where it ended. */
export interface ReadReply {
  readonly text: string;
  readonly end: number;
}

/** Reads one reply from `start`; null when it is not whole yet. */
export function readReply(bytes: Buffer, start: number): ReadReply | null {
  const lineEnd = bytes.indexOf('\r\n', start, 'latin1');
  if (lineEnd < 0) return null;
  const mark = String.fromCharCode(bytes[start] ?? 0);
  const line = bytes.toString('latin1', start + 1, lineEnd);
  const after = lineEnd + 2;
  if ('+-:,#('.includes(mark)) return { text: mark + line, end: after };
  if (mark === '_') return { text: '_', end: after };
  const count = Number(line);
  if (count < 0) return { text: mark === '$' ? 'nil' : 'nil*', end: after };
  if (mark === '$' || mark === '=') return readBulk(bytes, after, { mark, count });
  if (mark === '*') return readMany(bytes, after, { count, open: '[', close: ']' });
  if (mark === '~') return readMany(bytes, after, { count, open: '~[', close: ']' });
  if (mark === '>') return readMany(bytes, after, { count, open: '>[', close: ']' });
  if (mark === '%') return readMany(bytes, after, { count: count * 2, open: '{', close: '}' });
  if (mark === '|') return readAttribute(bytes, after, count);
  throw new Error(`no reply begins with ${JSON.stringify(mark)} at ${start}`);
}

function readBulk(
  bytes: Buffer, start: number, { mark, count }: { mark: string; count: number },
): ReadReply | null {
  const end = start + count;
  if (bytes.length < end + 2) return null;
  const text = quoted(bytes.subarray(start, end));
  return { text: mark === '=' ? `=${text}` : text, end: end + 2 };
}

function readMany(
  bytes: Buffer, start: number, shape: { count: number; open: string; close: string },
): ReadReply | null {
  const items: string[] = [];
  let at = start;
  for (let i = 0; i < shape.count; i++) {
    const item = readReply(bytes, at);
    if (item === null) return null;
    items.push(item.text);
    at = item.end;
  }
  const pairs = items.flatMap((item, i) => (i % 2 === 0 ? [`${item}: ${items[i + 1]}`] : []));
  const listed = shape.open === '{' ? pairs : items;
  return { text: `${shape.open}${listed.join(', ')}${shape.close}`, end: at };
}

function readAttribute(bytes: Buffer, start: number, count: number): ReadReply | null {
  const attribute = readMany(bytes, start, { count: count * 2, open: '{', close: '}' });
  if (attribute === null) return null;
  const reply = readReply(bytes, attribute.end);
  return reply === null ? null : { text: `|${attribute.text} ${reply.text}`, end: reply.end };
}

/** Bytes in double quotes, anything but printable ASCII as \xHH. */
export function quoted(bytes: Uint8Array): string {
  let text = '"';
  for (const byte of bytes) {
    if (byte === 34 || byte === 92) text += `\\${String.fromCharCode(byte)}`;
    else if (byte >= 32 && byte < 127) text += String.fromCharCode(byte);
    else text += `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return `${text}"`;
}

/** The items of an array's text, for replies whose order is free. */
export function sortedItems(text: string): string {
  if (!/^~?\[.*\]$/s.test(text)) return text;
  const open = text.startsWith('~') ? '~[' : '[';
  return `${open}${text.slice(open.length, -1).split(', ').sort().join(', ')}]`;
}

/** A request as an array of bulks. */
export function encodeRequest(parts: readonly (string | Uint8Array)[]): Buffer {
  const chunks: Buffer[] = [Buffer.from(`*${parts.length}\r\n`)];
  for (const part of parts) {
    const bytes = typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part);
    chunks.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'));
  }
  return Buffer.concat(chunks);
}

/** `SET "a b" \x00` as arguments: words, "…" with \xHH \n \r \" \\ inside. */
export function splitCommand(text: string): Buffer[] {
  const words = text.match(/"(?:\\.|[^"\\])*"|\S+/gs) ?? [];
  return words.map((word) => Buffer.from(word.startsWith('"') ? unescaped(word) : word, 'latin1'));
}

function unescaped(word: string): string {
  return word.slice(1, -1).replaceAll(/\\(x[0-9a-fA-F]{2}|.)/gs, (_, code: string) => {
    if (code.startsWith('x') && code.length === 3) {
      return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    }
    return { n: '\n', r: '\r', t: '\t', '0': '\0' }[code] ?? code;
  });
}
