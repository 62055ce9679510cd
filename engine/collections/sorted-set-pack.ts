// A small sorted set: a listpack of member, score, … in order of (score, member).

import { compareBytes } from './bytes.ts';
import type { PackCursor } from './pack/cursor.ts';
import {
  ElementReader, ElementWriter, emptyBytes, endMark, headerBytes, isScaled, isString, nextElement,
  writeHeader,
} from './pack/listpack.ts';
import { ScoreCodec } from './pack/score.ts';

/** Where the bytes of a pack are. */
export interface PackBytes {
  readonly packBuffer: Buffer;
  readonly packStart: number;
  readonly packEnd: number;
}

/** Reads and changes the pack of a sorted set; the place is the one in `pack`. */
export class SortedSetPack {
  private readonly pack: PackCursor;
  private readonly writer: ElementWriter;
  private readonly codec: ScoreCodec = new ScoreCodec();
  private readonly reader: ElementReader = new ElementReader();
  private readonly member: ElementReader = new ElementReader();
  private readonly rewriter: ElementWriter = new ElementWriter();

  constructor(pack: PackCursor, writer: ElementWriter) {
    this.pack = pack;
    this.writer = writer;
  }

  /** Score of the member at the place. */
  get score(): number {
    return this.scoreOf(this.pack.at);
  }

  /** Adds a score to the writer, which holds the member. */
  encode(score: number): void {
    this.codec.write(this.writer, score);
  }

  /**
   * Adds the member that the writer holds.
   * @throws {EngineError} ARENA_FULL when there is no room; nothing has changed then.
   */
  insert(score: number, buffer: Buffer, start: number, end: number): void {
    const { pack, writer } = this;
    const at = this.placeOf(score, buffer, start, end);
    this.encode(score);
    pack.spliceEntries(at, at, writer, pack.count + 1);
    pack.at = at;
    pack.gap = false;
  }

  /**
   * Moves the member at the place, which the writer holds, to where this score belongs.
   * @throws {EngineError} ARENA_FULL when there is no room; nothing has changed then.
   */
  move(score: number, buffer: Buffer, start: number, end: number): void {
    const { pack, writer } = this;
    const old = pack.at;
    const oldEnd = pack.afterEntry(old);
    const at = this.placeOf(score, buffer, start, end);
    this.encode(score);
    if (at === old || at === oldEnd) {
      pack.spliceEntries(old, oldEnd, writer, pack.count);
      pack.at = old;
      return;
    }
    // Growing first: it is the only step that may fail.
    const grown = writer.length;
    const shift = oldEnd - old;
    pack.spliceEntries(at, at, writer, pack.count + 1);
    const place = old < at ? old : old + grown;
    pack.at = place;
    pack.removeEntry();
    pack.at = old < at ? at - shift : at;
    pack.gap = false;
  }

  /** To the first member with a score ≥ (exclusive: >); false: to the end. */
  seekScore(score: number, exclusive: boolean): boolean {
    const { pack } = this;
    for (let more = pack.first(); more; more = pack.next()) {
      const other = this.score;
      if (exclusive ? other > score : other >= score) {
        return true;
      }
    }
    pack.at = pack.end;
    return false;
  }

  /** To the first member ≥ (exclusive: >) these bytes; false: to the end. */
  seekLex(buffer: Buffer, start: number, end: number, exclusive: boolean): boolean {
    const { pack } = this;
    for (let more = pack.first(); more; more = pack.next()) {
      const order = this.compareMember(pack.at, buffer, start, end);
      if (exclusive ? order > 0 : order >= 0) {
        return true;
      }
    }
    pack.at = pack.end;
    return false;
  }

  /** Removes `count` members from rank `from` on. */
  removeRange(from: number, count: number): void {
    const { pack } = this;
    pack.seekRank(from + count);
    const end = pack.at;
    pack.seekRank(from);
    pack.count -= count;
    pack.cut(pack.at, end, pack.count * 2);
  }

  /** The pack as Redis has it; valid until the next call. */
  plain(): PackBytes {
    const { pack, codec, rewriter } = this;
    const { buffer, base } = pack;
    let same = true;
    for (let at = headerBytes; same && at < pack.end; at = pack.afterEntry(at)) {
      same = !isScaled(buffer[base + pack.after(at)] as number);
    }
    if (same) {
      return { packBuffer: buffer, packStart: base, packEnd: base + pack.bytes };
    }
    rewriter.length = 0;
    for (let at = headerBytes; at < pack.end; at = pack.afterEntry(at)) {
      const score = pack.after(at);
      rewriter.addEncoded(buffer, base + at, base + score);
      codec.writePlain(rewriter, buffer, base + score);
    }
    const bytes = Buffer.allocUnsafe(emptyBytes + rewriter.length);
    writeHeader(bytes, 0, bytes.length, pack.count * 2);
    rewriter.bytes.copy(bytes, headerBytes, 0, rewriter.length);
    bytes[bytes.length - 1] = endMark;
    return { packBuffer: bytes, packStart: 0, packEnd: bytes.length };
  }

  /** Puts the elements of a pack of Redis' into the writer, scores as we write them. */
  encodeAll(buffer: Buffer, start: number, end: number): void {
    const { codec, writer } = this;
    writer.length = 0;
    for (let at = start + headerBytes; at < end - 1;) {
      const score = nextElement(buffer, at);
      const next = nextElement(buffer, score);
      writer.addEncoded(buffer, at, score);
      if (isString(buffer[score] as number)) {
        codec.write(writer, codec.read(buffer, score));
      } else {
        writer.addEncoded(buffer, score, next);
      }
      at = next;
    }
  }

  /** Whether all members of a pack checked already are in order, with scores. */
  isOrdered(buffer: Buffer, start: number, end: number): boolean {
    const { pack, codec, reader } = this;
    let before = -Infinity;
    let previous = -1;
    pack.buffer = buffer;
    pack.base = start;
    pack.bytes = end - start;
    for (let at = headerBytes; at < pack.end; at = pack.after(pack.after(at))) {
      const score = codec.read(buffer, start + pack.after(at));
      reader.read(buffer, start + at);
      const inOrder = score > before || (score === before && (previous < 0 ||
        this.compareMember(previous, reader.buffer, reader.start, reader.end) < 0));
      if (!inOrder) {
        return false;
      }
      before = score;
      previous = at;
    }
    return true;
  }

  private scoreOf(at: number): number {
    const { pack } = this;
    return this.codec.read(pack.buffer, pack.base + pack.after(at));
  }

  /** Offset of the first entry above (score, member). */
  private placeOf(score: number, buffer: Buffer, start: number, end: number): number {
    const { pack, codec } = this;
    codec.setBound(score);
    for (let at = headerBytes; at < pack.end; at = pack.afterEntry(at)) {
      const order = codec.compare(pack.buffer, pack.base + pack.after(at));
      if (order > 0 || (order === 0 && this.compareMember(at, buffer, start, end) > 0)) {
        return at;
      }
    }
    return pack.end;
  }

  private compareMember(at: number, buffer: Buffer, start: number, end: number): number {
    const { pack, member } = this;
    member.read(pack.buffer, pack.base + at);
    return compareBytes(member.buffer, member.start, member.end, buffer, start, end);
  }
}
