// RESP2 for the control client: commands to bytes, bytes to replies that own their memory.

/** One argument of a command. */
export type Argument = string | number | Uint8Array;

/** A reply: simple strings as string, bulks as Buffer, integers as number, errors as ReplyError. */
export type Reply = string | number | Buffer | null | ReplyError | Reply[];

/** An error that the server answered with. */
export class ReplyError extends Error {
  /** Its first word: ERR, LOADING, MISCONF, OOM, … */
  readonly prefix: string;

  constructor(text: string) {
    super(text);
    this.name = 'ReplyError';
    this.prefix = text.split(' ', 1)[0] ?? '';
  }
}

/** The bytes of one command. */
export function encodeCommand(command: readonly Argument[]): Buffer {
  const texts = command.map((argument) =>
    typeof argument === 'number' ? String(argument) : argument,
  );
  let roomBytes = 16;
  for (const text of texts) roomBytes += 16 + 3 * text.length;
  const bytes = Buffer.allocUnsafe(roomBytes);
  let at = bytes.write(`*${texts.length}\r\n`, 'latin1');
  for (const text of texts) {
    const length = typeof text === 'string' ? Buffer.byteLength(text) : text.length;
    at += bytes.write(`$${length}\r\n`, at, 'latin1');
    if (typeof text === 'string') bytes.write(text, at, 'utf8');
    else bytes.set(text, at);
    at += length;
    at += bytes.write('\r\n', at, 'latin1');
  }
  return bytes.subarray(0, at);
}

/** Reads replies from chunks of any size; a reply cut off is read again when more has come. */
export class ReplyReader {
  #bytes: Buffer = Buffer.alloc(0);
  #start = 0;
  #at = 0;

  /** Takes the next chunk; its bytes are kept until they are read. */
  push(chunk: Buffer): void {
    const rest = this.#bytes.subarray(this.#start);
    this.#bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    this.#start = 0;
  }

  /**
   * The next whole reply; undefined when more bytes are needed.
   * @throws {Error} when the bytes are not RESP2.
   */
  next(): Reply | undefined {
    this.#at = this.#start;
    const reply = this.#read();
    if (reply !== undefined) this.#start = this.#at;
    return reply;
  }

  #read(): Reply | undefined {
    const lineEnd = this.#bytes.indexOf(0x0a, this.#at);
    if (lineEnd < 0) return undefined;
    const type = this.#bytes[this.#at];
    const text = this.#bytes.toString('latin1', this.#at + 1, lineEnd - 1);
    this.#at = lineEnd + 1;
    if (type === 0x2b) return text; // +
    if (type === 0x3a) return Number(text); // :
    if (type === 0x2d) return new ReplyError(text); // -
    if (type === 0x5f) return null; // _
    if (type === 0x24) return this.#readBulk(Number(text)); // $
    if (type === 0x2a) return this.#readArray(Number(text)); // *
    throw new Error(`it sent what is not RESP2: ${JSON.stringify(text.slice(0, 60))}`);
  }

  #readBulk(length: number): Buffer | null | undefined {
    if (length < 0) return null;
    const start = this.#at;
    if (start + length + 2 > this.#bytes.length) return undefined;
    this.#at = start + length + 2;
    return Buffer.from(this.#bytes.subarray(start, start + length));
  }

  #readArray(count: number): Reply[] | null | undefined {
    if (count < 0) return null;
    const replies: Reply[] = [];
    for (let at = 0; at < count; at++) {
      const reply = this.#read();
      if (reply === undefined) return undefined;
      replies.push(reply);
    }
    return replies;
  }
}
