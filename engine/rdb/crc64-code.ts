// The inner loop of CRC-64 as a WebAssembly module, put together here byte by byte: JavaScript has
// no integers of 64 bits that are fast, and as two halves each table takes two loads.
//
//   memory   0       16 tables of 256 words of 64 bits: entry b of table k is the CRC of byte b
//                    followed by k zero bytes
//            32768   the running value
//            65536   the bytes to be added, a multiple of 16
//
//   add(end) {                                            // end: where the bytes end in the memory
//     crc = u64[32768]
//     for (at = 65536; at < end; at += 16) {              // at least once
//       a = crc ^ u64[at], b = u64[at + 8]
//       crc = T15[byte 0 of a] ^ … ^ T8[byte 7 of a] ^ T7[byte 0 of b] ^ … ^ T0[byte 7 of b]
//     }
//     u64[32768] = crc
//   }
//
// None of the sixteen loads waits for another, and the values are joined as a tree.

export const tables = 16;
const tableBytes = 256 * 8;
export const stateOffset: number = tables * tableBytes;
export const inputOffset = 65536;
/** Bytes that can be added by one call. */
export const inputBytes = 65536;
const pages = (inputOffset + inputBytes) / 65536;

/** What the module offers. */
export interface Crc64Code {
  readonly memory: WebAssembly.Memory;
  add(end: number): void;
}

const [i32, i64, none] = [0x7f, 0x7e, 0x40];
const [block, loop, end, branchIf] = [0x60, 0x03, 0x0b, 0x0d];
const [get, set] = [0x20, 0x21];
const [load64, store64, const32, const64] = [0x29, 0x37, 0x41, 0x42];
const [less, add32, and32, shiftLeft32] = [0x49, 0x6a, 0x71, 0x74];
const [xor64, shiftRight64, wrap] = [0x85, 0x88, 0xa7];
const [limit, at, crc, a, b] = [0, 1, 2, 3, 4];

/** A number in groups of 7 bits, the lowest first. */
function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

/** The same, where the bit above the last group is the sign. */
function signed(value: number): number[] {
  return value < 0x40 ? [value] : [(value & 0x7f) | 0x80, ...signed(value >>> 7)];
}

const withLength = (bytes: readonly number[]): number[] => [...unsigned(bytes.length), ...bytes];
const section = (id: number, bytes: readonly number[]): number[] => [id, ...withLength(bytes)];
const name = (text: string): number[] => withLength([...Buffer.from(text)]);
/** Loads 8 bytes from the address on the stack. */
const load = (offset: number): number[] => [load64, 3, ...unsigned(offset)];

/** The entry of the table for byte `index` of a word, counted over both words. */
function entry(index: number): number[] {
  const byte = index & 7;
  // A byte times the 8 bytes of an entry.
  const shifted = byte === 0
    ? [wrap, const32, 3, shiftLeft32]
    : [const64, ...signed(byte * 8 - 3), shiftRight64, wrap];
  return [
    get, index < 8 ? a : b, ...shifted, const32, ...signed(255 * 8), and32,
    ...load((tables - 1 - index) * tableBytes),
  ];
}

function joined(first: number, count: number): number[] {
  if (count === 1) return entry(first);
  const half = count / 2;
  return [...joined(first, half), ...joined(first + half, half), xor64];
}

const body = [
  2, 1, i32, 3, i64,
  const32, ...signed(inputOffset), set, at,
  const32, 0, ...load(stateOffset), set, crc,
  loop, none,
  get, at, ...load(0), get, crc, xor64, set, a,
  get, at, ...load(8), set, b,
  ...joined(0, tables), set, crc,
  get, at, const32, 16, add32, set, at,
  get, at, get, limit, less, branchIf, 0,
  end,
  const32, 0, get, crc, store64, 3, ...unsigned(stateOffset),
  end,
];

const module = [
  0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
  ...section(1, [1, block, 1, i32, 0]),
  ...section(3, [1, 0]),
  ...section(5, [1, 0, pages]),
  ...section(7, [2, ...name('memory'), 2, 0, ...name('add'), 0, 0]),
  ...section(10, [1, ...withLength(body)]),
];

/** Makes the code, its tables still empty. */
export function crc64Code(): Crc64Code {
  const compiled = new WebAssembly.Module(new Uint8Array(module));
  return new WebAssembly.Instance(compiled).exports as unknown as Crc64Code;
}
