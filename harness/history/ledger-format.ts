// The bytes of a ledger file: what was sent, when, and what became of it. Little-endian throughout.
//
//   header   offset  bytes  content
//                 0      8  magic "PLUGLEDG"
//                 8      4  version, 1
//                12      4  size of the whole header in bytes, a multiple of 8
//                16   rest  JSON {"clients": …, "workload": {…}}, padded with spaces
//
//   record   offset  bytes  content (24 bytes an operation)
//                 0      8  sentNs, float64, CLOCK_MONOTONIC
//                 8      8  ackedNs, float64; Infinity for info
//                16      4  sequence, from 1, dense within each client
//                20      2  client, from 0
//                22      1  status: 1 ok, 2 fail, 3 info
//                23      1  check: see checkOf
//
// The file has no end mark: a driver that dies leaves a torn last record, which is forgiven.

export const ledgerMagic = 'PLUGLEDG';
export const ledgerVersion = 1;
export const fixedHeaderBytes = 16;
export const recordBytes = 24;

/** The reply said that the operation happened. */
export const STATUS_OK = 1;
/** The reply said that it did not happen, not even in part. */
export const STATUS_FAIL = 2;
/** No reply was read: it may have happened or not. */
export const STATUS_INFO = 3;

/** How an operation ended, see the constants. */
export type OperationStatus = 1 | 2 | 3;

/** What the file says about itself: enough to judge it without the plan. */
export interface LedgerHeader {
  /** Number of clients; records name 0 … clients − 1. */
  readonly clients: number;
  /** The workload, as plain JSON; parseWorkload (workloads/spec.ts) gives it back typed. */
  readonly workload: object;
}

/** What a Ledger is made of; `starts` has one more entry than there are clients. */
export interface LedgerColumns {
  readonly starts: Float64Array;
  readonly sentNs: Float64Array;
  readonly ackedNs: Float64Array;
  readonly status: Uint8Array;
  readonly tornBytes: number;
}

/** The check byte of the record whose six words begin at `at`: its 23 other bytes, folded. */
export function checkOf(words: Uint32Array, at: number): number {
  let folded = (words[at] as number) ^ (words[at + 1] as number) ^ (words[at + 2] as number)
    ^ (words[at + 3] as number) ^ Math.imul(words[at + 4] as number, 0x9e3779b1)
    ^ ((words[at + 5] as number) & 0x00ff_ffff);
  folded ^= folded >>> 16;
  return (folded ^ (folded >>> 8) ^ 0x5a) & 0xff;
}
