// Operations as RESP requests, written straight into a buffer: fixed pieces, patched in place.
// Names and numbers have fixed widths (keys.ts, value.ts), so the holes of a piece never move.

import {
  briefKey, clientDigits, indexDigits, keyNameBytes, preloadKey, sequenceDigits, slotKey,
  witnessKey,
} from './keys.ts';
import {
  KIND_BRIEF, KIND_DELETE, KIND_INCREMENT, KIND_PAIR, KIND_SET, KIND_SET_EXPIRE, Operations,
} from './operations.ts';
import type { WorkloadSpec } from './spec.ts';
import { ValueCodec, writeDigits } from './value.ts';

const letterPlain = 107; // k
const letterCounter = 110; // n
const deadlineDigits = 13;

/** Encodes the operations of one workload; hot, allocates nothing per operation. */
export class OperationEncoder {
  /** No operation takes more: keep that much room before `encode`. */
  readonly maximumBytes: number;
  readonly #operations: Operations;
  readonly #values: ValueCodec;
  readonly #plainKeys: number;
  readonly #pieces: Pieces;

  constructor(spec: WorkloadSpec) {
    this.#operations = new Operations(spec);
    this.#values = new ValueCodec(spec);
    this.#plainKeys = spec.keysPerClient;
    this.#pieces = makePieces(spec);
    this.maximumBytes = 2 * this.#values.sizeBytes + 512;
  }

  /** Writes one operation at `at`; returns the offset after it. */
  encode(target: Buffer, at: number, client: number, sequence: number): number {
    const operations = this.#operations;
    operations.load(client, sequence);
    const kind = operations.kind;
    if (kind === KIND_SET) {
      const value = this.#head(target, at, this.#pieces.set, client);
      return this.#value(target, value, client, sequence);
    }
    if (kind === KIND_SET_EXPIRE) {
      const value = this.#head(target, at, this.#pieces.setExpire, client);
      return this.#deadline(target, this.#values.writeBulk(target, value, client, sequence));
    }
    return this.#transaction(target, at, client, sequence);
  }

  /** RESP replies that the operation is answered with: 1, or 4 for a MULTI of two commands. */
  repliesOf(client: number, sequence: number): number {
    return this.#operations.repliesOf(client, sequence);
  }

  /** Bytes of keys and values of the data, see Operations.payloadBytes. */
  payloadBytes(client: number, sequence: number): number {
    return this.#operations.payloadBytes(client, sequence);
  }

  #transaction(target: Buffer, at: number, client: number, sequence: number): number {
    const operations = this.#operations;
    let next = copy(this.#pieces.multi, target, at);
    if (operations.kind === KIND_PAIR) {
      next = this.#head(target, next, this.#pieces.set, client);
      next = this.#value(target, next, client, sequence);
      operations.slotA = operations.slotB;
      next = this.#head(target, next, this.#pieces.set, client);
      next = this.#value(target, next, client, sequence);
    } else {
      next = this.#witnessed(target, next, client, sequence);
    }
    return copy(this.#pieces.exec, target, next);
  }

  #witnessed(target: Buffer, at: number, client: number, sequence: number): number {
    const { kind } = this.#operations;
    let next = at;
    if (kind === KIND_INCREMENT) {
      next = this.#head(target, at, this.#pieces.increment, client);
    } else if (kind === KIND_DELETE) {
      next = this.#head(target, at, this.#pieces.delete, client);
    } else if (kind === KIND_BRIEF) {
      next = copy(this.#pieces.brief.bytes, target, at);
      const name = at + this.#pieces.brief.nameAt;
      writeDigits(target, name + 2, client, clientDigits);
      writeDigits(target, name + 3 + clientDigits, sequence, sequenceDigits);
      next = this.#deadline(target, this.#values.writeBulk(target, next, client, sequence));
    }
    const witness = next;
    next = copy(this.#pieces.witness.bytes, target, witness);
    writeDigits(target, witness + this.#pieces.witness.nameAt + 2, client, clientDigits);
    writeDigits(target, next - 2 - sequenceDigits, sequence, sequenceDigits);
    return next;
  }

  /** A piece that ends after a key's name, for slotA. */
  #head(target: Buffer, at: number, piece: Piece, client: number): number {
    const slot = this.#operations.slotA;
    const isCounter = slot >= this.#plainKeys;
    const next = copy(piece.bytes, target, at);
    const name = at + piece.nameAt;
    target[name] = isCounter ? letterCounter : letterPlain;
    writeDigits(target, name + 2, client, clientDigits);
    const index = isCounter ? slot - this.#plainKeys : slot;
    writeDigits(target, name + keyNameBytes - indexDigits, index, indexDigits);
    return next;
  }

  #value(target: Buffer, at: number, client: number, sequence: number): number {
    const end = this.#values.writeBulk(target, at, client, sequence);
    target[end] = 13;
    target[end + 1] = 10;
    return end + 2;
  }

  #deadline(target: Buffer, at: number): number {
    const next = copy(this.#pieces.deadline, target, at);
    writeDigits(target, next - 2 - deadlineDigits, this.#operations.deadlineMs, deadlineDigits);
    return next;
  }
}

/** Encodes the keys that are loaded before a run and that no operation touches. */
export class PreloadEncoder {
  /** Bytes of the longest preload command. */
  readonly commandBytes: number;
  readonly #piece: Piece;
  readonly #values: ValueCodec;

  /** The values are those of client 0 of `spec`, sequence = index + 1. */
  constructor(spec: WorkloadSpec) {
    this.#values = new ValueCodec(spec);
    this.#piece = makePiece(setHead(3, preloadKey(0)), preloadKey(0));
    const length = `$${this.#values.sizeBytes}\r\n`.length;
    this.commandBytes = this.#piece.bytes.length + length + this.#values.sizeBytes + 2;
  }

  /** Writes `SET p:<index> <value>` at `at`; returns the offset after it. One reply. */
  encode(target: Buffer, at: number, index: number): number {
    const value = copy(this.#piece.bytes, target, at);
    writeDigits(target, at + this.#piece.nameAt + 2, index, sequenceDigits);
    const end = this.#values.writeBulk(target, value, 0, index + 1);
    target[end] = 13;
    target[end + 1] = 10;
    return end + 2;
  }
}

/** Bytes with a name in them that is patched. */
interface Piece {
  readonly bytes: Uint8Array;
  readonly nameAt: number;
}

interface Pieces {
  readonly set: Piece;
  readonly setExpire: Piece;
  readonly increment: Piece;
  readonly delete: Piece;
  readonly brief: Piece;
  readonly witness: Piece;
  readonly deadline: Uint8Array;
  readonly multi: Uint8Array;
  readonly exec: Uint8Array;
}

function makePieces(spec: WorkloadSpec): Pieces {
  const plain = slotKey(spec, 0, 0);
  const counter = slotKey(spec, 0, spec.keysPerClient);
  const brief = briefKey(0, 0);
  const witness = witnessKey(0);
  const witnessText = `${array('SET', witness)}${bulk('0'.repeat(sequenceDigits))}`;
  return {
    set: makePiece(setHead(3, plain), plain),
    setExpire: makePiece(setHead(5, plain), plain),
    increment: makePiece(array('INCR', counter), counter),
    delete: makePiece(array('DEL', plain), plain),
    brief: makePiece(setHead(5, brief), brief),
    witness: makePiece(witnessText.replace('*2', '*3'), witness),
    deadline: latin1(`\r\n${bulk('PXAT')}${bulk('0'.repeat(deadlineDigits))}`),
    multi: latin1(array('MULTI')),
    exec: latin1(array('EXEC')),
  };
}

/** `SET name value …` up to the value's length. */
function setHead(argumentCount: number, name: string): string {
  return `*${argumentCount}\r\n${bulk('SET')}${bulk(name)}`;
}

function array(...parts: readonly string[]): string {
  return `*${parts.length}\r\n${parts.map(bulk).join('')}`;
}

function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

function makePiece(text: string, name: string): Piece {
  return { bytes: latin1(text), nameAt: text.indexOf(name) };
}

function latin1(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}

// A loop beats TypedArray.set here: the pieces are a few dozen bytes.
function copy(piece: Uint8Array, target: Uint8Array, at: number): number {
  for (let index = 0; index < piece.length; index++) target[at + index] = piece[index] as number;
  return at + piece.length;
}
