// Builds the listpacks that the nodes of a list are written as; packs.ts has the format.
import {
  backLengthBytes, ElementWriter, emptyBytes, endMark, headerBytes, writeHeader,
} from '../collections/pack/listpack.ts';

const end = Buffer.of(endMark);

/** Bytes that an element of `length` bytes takes at most. */
export function elementBytes(length: number): number {
  const encoded = length + (length < 64 ? 1 : length < 4096 ? 2 : 5);
  return encoded + backLengthBytes(encoded);
}

/** Bytes of a listpack besides its elements. */
export const frameBytes: number = emptyBytes;

/** One listpack, in a buffer that is used again. */
export class PackBuilder {
  private readonly elements = new ElementWriter();
  private count = 0;

  constructor() {
    this.clear();
  }

  /** The pack is `buffer[0 … finish())`. */
  get buffer(): Buffer {
    return this.elements.bytes;
  }

  clear(): void {
    this.elements.length = headerBytes;
    this.count = 0;
  }

  /** Adds an element, as an integer if it is one's canonical digits. */
  append(source: Buffer, from: number, to: number): void {
    this.elements.add(source, from, to);
    this.count++;
  }

  /** Completes header and end; returns the length in bytes. */
  finish(): number {
    const { elements } = this;
    elements.addEncoded(end, 0, end.length);
    writeHeader(elements.bytes, 0, elements.length, this.count);
    return elements.length;
  }
}
