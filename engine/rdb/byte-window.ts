// The bytes that are read, seen through a buffer: of a file, or of a payload in memory.

/** The bytes `buffer[at … end)` lie ahead. */
export class ByteWindow {
  /** What is read, for messages. */
  readonly path: string;
  /** Length of the whole in bytes. */
  readonly sizeBytes: number;
  buffer: Buffer;
  /** The next byte, as an offset into `buffer`. */
  at = 0;
  /** One past the last byte that is there. */
  end = 0;
  /** Bytes from here on are kept and moved along although they were passed; -1: none. */
  pin = -1;
  protected bufferOffset = 0;

  /** Shows `buffer[at … end)`; offsets count from `at`. */
  constructor(path: string, buffer: Buffer, at: number, end: number) {
    this.path = path;
    this.sizeBytes = end - at;
    this.buffer = buffer;
    this.at = at;
    this.end = end;
    this.bufferOffset = 0 - at;
  }

  /** The next byte's offset in the whole. */
  get offset(): number {
    return this.bufferOffset + this.at;
  }

  /** Makes `bytes` bytes available from `at` on; false when the whole ends before. */
  ensure(bytes: number): boolean {
    return this.end - this.at >= bytes;
  }
}
