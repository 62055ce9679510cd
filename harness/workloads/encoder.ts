// Operations as RESP requests, written straight into a buffer: fixed pieces, patched in place.
// Names and numbers have fixed widths (keys.ts, value.ts), so the holes of a piece never move.

import { holdsIntegers } from './changes.ts';
import {
  briefKey, clientDigits, indexDigits, keyNameBytes, preloadKey, sequenceDigits, slotKey,
  witnessKey,
} from './keys.ts';
import {
  KIND_BRIEF, KIND_COLLECTION, KIND_DELETE, KIND_FLUSH, KIND_INCREMENT, KIND_PAIR, KIND_SET,
  KIND_SET_EXPIRE, KIND_SWAP, Operations,
} from './operations.ts';
import { array, bulk, changePieces, copy, deadlineDigits, latin1, makePiece } from './pieces.ts';
import type { ChangePiece, Piece } from './pieces.ts';
import type { WorkloadSpec } from './spec.ts';
import { ValueCodec, writeDigits } from './value.ts';

/** Encodes the operations of one workload; hot, allocates nothing per operation. */
export class OperationEncoder {
  /** No operation takes more: keep that much room before `encode`. */
  readonly maximumBytes: number;
  readonly #operations: Operations;
  readonly #values: ValueCodec;
  readonly #pieces: Pieces;

  constructor(spec: WorkloadSpec) {
    this.#operations = new Operations(spec);
    this.#values = new ValueCodec(spec);
    this.#pieces = makePieces(spec);
    this.maximumBytes = 2 * this.#values.sizeBytes + 512;
  }

  /** Writes one operation at `start`; returns the offset after it. */
  encode(target: Buffer, start: number, client: number, sequence: number): number {
    const operations = this.#operations;
    operations.load(client, sequence);
    const kind = operations.kind;
    const isFirst = operations.selects(client, sequence);
    const at = isFirst ? copy(this.#pieces.select, target, start) : start;
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

  /** Whether an operation must run alone, see Operations.runsAlone. */
  runsAlone(client: number, sequence: number): boolean {
    return this.#operations.runsAlone(client, sequence);
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
    } else if (kind === KIND_COLLECTION) {
      next = this.#change(target, at, client, sequence);
    } else if (kind === KIND_SWAP) {
      next = copy(this.#pieces.swap, target, at);
    } else if (kind === KIND_FLUSH) {
      next = copy(this.#pieces.flush, target, at);
    }
    const witness = next;
    next = copy(this.#pieces.witness.bytes, target, witness);
    writeDigits(target, witness + this.#pieces.witness.nameAt + 2, client, clientDigits);
    writeDigits(target, next - 2 - sequenceDigits, sequence, sequenceDigits);
    return next;
  }

  /** A change of one collection, see changes.ts. */
  #change(target: Buffer, at: number, client: number, sequence: number): number {
    const { action, field, slotA, slots, deadlineMs } = this.#operations;
    const piece = this.#pieces.changes[slots.typeOf(slotA)]?.[action] as ChangePiece;
    const next = this.#head(target, at, piece, client);
    if (piece.fieldAt > 0) {
      const isInteger = piece.isSet && holdsIntegers(slots.indexOf(slotA));
      target[at + piece.fieldAt] = isInteger ? 49 : 102; // 1, f
      writeDigits(target, at + piece.fieldAt + 1, field, 3);
    }
    if (piece.sequenceAt > 0) {
      writeDigits(target, at + piece.sequenceAt, sequence, sequenceDigits);
    }
    if (deadlineMs > 0) {
      writeDigits(target, next - 2 - deadlineDigits, deadlineMs, deadlineDigits);
    }
    return piece.hasValue ? this.#value(target, next, client, sequence) : next;
  }

  /** A piece that names a slot's key, for slotA. */
  #head(target: Buffer, at: number, piece: Piece, client: number): number {
    const { slotA: slot, slots } = this.#operations;
    const next = copy(piece.bytes, target, at);
    const name = at + piece.nameAt;
    target[name] = slots.letterOf(slot);
    writeDigits(target, name + 2, client, clientDigits);
    writeDigits(target, name + keyNameBytes - indexDigits, slots.indexOf(slot), indexDigits);
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
  readonly select: Uint8Array;
  readonly swap: Uint8Array;
  readonly flush: Uint8Array;
  /** By type and action. */
  readonly changes: readonly (readonly ChangePiece[])[];
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
    select: latin1(array('SELECT', '1')),
    swap: latin1(array('SWAPDB', '0', '1')),
    flush: latin1(array('FLUSHALL')),
    changes: changePieces(),
  };
}

/** `SET name value …` up to the value's length. */
function setHead(argumentCount: number, name: string): string {
  return `*${argumentCount}\r\n${bulk('SET')}${bulk(name)}`;
}
