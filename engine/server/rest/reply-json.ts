// Replies in RESP2 → JSON as Upstash answers: {"result": …} or {"error": "…"}, nil as null.

const carriageReturn = 13;
const plus = 43;
const minus = 45;
const colon = 58;
const dollar = 36;

/** Reads replies one after the other. */
export class JsonReplies {
  private readonly bytes: Buffer;
  /** Strings are sent as base64, since JSON holds text only. */
  private readonly base64: boolean;
  private at = 0;

  constructor(bytes: Buffer, base64: boolean) {
    this.bytes = bytes;
    this.base64 = base64;
  }

  get atEnd(): boolean {
    return this.at >= this.bytes.length;
  }

  get nextIsError(): boolean {
    return this.bytes[this.at] === minus;
  }

  /** The next reply as an object of JSON. */
  object(): string {
    if (this.nextIsError) return `{"error":${JSON.stringify(this.errorText())}}`;
    // Of all strings the status OK alone is never encoded.
    if (this.base64 && this.bytes.toString('latin1', this.at, this.at + 5) === '+OK\r\n') {
      this.at += 5;
      return '{"result":"OK"}';
    }
    return `{"result":${this.value()}}`;
  }

  /** Leaves one reply out. */
  skip(): void {
    this.value();
  }

  /** The text of the error that comes next. */
  errorText(): string {
    this.at++;
    return this.line();
  }

  /** The count of the array whose items come next, or -1 when it is missing. */
  arrayLength(): number {
    this.at++;
    return Number(this.line());
  }

  private value(): string {
    const mark = this.bytes[this.at++];
    if (mark === dollar) return this.bulk();
    const line = this.line();
    if (mark === colon) return line;
    if (mark === plus || mark === minus) return this.text(Buffer.from(line));
    const count = Number(line);
    if (count < 0) return 'null';
    const items: string[] = [];
    for (let i = 0; i < count; i++) items.push(this.value());
    return `[${items.join(',')}]`;
  }

  private bulk(): string {
    const length = Number(this.line());
    if (length < 0) return 'null';
    const start = this.at;
    this.at = start + length + 2;
    return this.text(this.bytes.subarray(start, start + length));
  }

  private text(bytes: Buffer): string {
    return this.base64 ? `"${bytes.toString('base64')}"` : JSON.stringify(bytes.toString());
  }

  private line(): string {
    const start = this.at;
    const end = this.bytes.indexOf(carriageReturn, start);
    this.at = end + 2;
    return this.bytes.toString('utf8', start, end);
  }
}
