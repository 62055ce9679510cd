// RDB, the snapshot file of Redis: its layout and its numbers.
//
//   file      magic record* EOF checksum
//   magic     "REDIS" and four digits of the version ("VALKEY" and three: another lineage)
//   record    250 name value                         AUX: facts about the writer; unknown: skipped
//           | 254 length                             SELECTDB: the keys that follow belong there
//           | 251 length length                      RESIZEDB: keys, keys with a deadline
//           | 252 8-byte-LE                          EXPIRETIME_MS: deadline of the next key
//           | 253 4-byte-LE                          EXPIRETIME: the same in seconds (old)
//           | 248 length | 249 byte                  IDLE, FREQ of the next key; skipped
//           | 244 length length length               SLOT_INFO (version 12); skipped
//           | 245 string | 246 … | 247 …             FUNCTION2, FUNCTION (old), MODULE_AUX
//           | type key value                         one key; values.ts has the values
//   EOF       255
//   checksum  CRC-64 of everything before it, 8 bytes LE; all zero: not computed
//
//   length    00xxxxxx                               6 bits
//           | 01xxxxxx xxxxxxxx                      14 bits
//           | 10000000 4 bytes BE                    32 bits
//           | 10000001 8 bytes BE                    64 bits
//   string    length bytes
//           | 11000000 1 byte                        an integer in decimal digits: int8
//           | 11000001 2 bytes LE                    int16
//           | 11000010 4 bytes LE                    int32
//           | 11000011 length length bytes           LZF: compressed, expanded length, bytes

/** The version written: read by Redis 7.0 and later and by every Valkey. */
export const writtenVersion = 10;

/** `rdb-target`: 11 for Redis 7.2 and Valkey, 12 for Redis 7.4; only that has field deadlines. */
export type WrittenVersion = 10 | 11 | 12;

/** The versions read: Redis 5 to 8.4, Valkey to 8.1. */
export const oldestVersion = 9;
export const newestVersion = 12;

/** The versions read under Valkey's magic: 9.0 to 9.2. Numbers of types from 22 on differ there. */
export const oldestValkeyVersion = 80;
export const newestValkeyVersion = 81;

/** Bytes of the magic, in both lineages. */
export const magicBytes = 9;

/** Bytes of the checksum at the end. */
export const checksumBytes = 8;

/** Bytes before keys: what they mean. Anything lower is the type of a value. */
export const opcode = {
  /** Under Valkey's magic only. */
  valkeyUpdate: 242,
  valkeySlotImport: 243,
  slotInfo: 244,
  function: 245,
  functionOld: 246,
  moduleAux: 247,
  idle: 248,
  frequency: 249,
  aux: 250,
  resizeDatabase: 251,
  deadlineMs: 252,
  deadlineSec: 253,
  selectDatabase: 254,
  end: 255,
} as const;

/** First bytes of special strings. */
export const stringInt8 = 0xc0;
export const stringInt16 = 0xc1;
export const stringInt32 = 0xc2;
export const stringLzf = 0xc3;

/** First bytes of long lengths. */
export const length32 = 0x80;
export const length64 = 0x81;

/** Types of values: what follows the key. */
export const valueType = {
  string: 0,
  list: 1,
  set: 2,
  sortedSetText: 3,
  hash: 4,
  sortedSet: 5,
  hashZipmap: 9,
  listZiplist: 10,
  setIntset: 11,
  sortedSetZiplist: 12,
  hashZiplist: 13,
  listQuicklist: 14,
  hashListpack: 16,
  sortedSetListpack: 17,
  listQuicklist2: 18,
  setListpack: 20,
  hashDeadlinesEarly: 22,
  hashListpackDeadlinesEarly: 23,
  hashDeadlines: 24,
  hashListpackDeadlines: 25,
} as const;

/** The same under Valkey's magic: a hash of field, value and deadline. */
export const valkeyHash = 22;

/** Kinds of nodes of a quicklist 2. */
export const nodePlain = 1;
export const nodePacked = 2;

/** Strings up to this long are tried as integers. */
export const maxIntegerDigits = 11;

/** Strings longer than this are tried with LZF. */
export const minCompressBytes = 20;

/** What people call the value types, for messages. */
const typeNames: ReadonlyMap<number, string> = new Map([
  [0, 'string'],
  [1, 'list'],
  [2, 'set'],
  [3, 'sorted set'],
  [4, 'hash'],
  [5, 'sorted set (binary scores)'],
  [6, 'module value (old)'],
  [7, 'module value'],
  [9, 'hash (zipmap)'],
  [10, 'list (ziplist)'],
  [11, 'set (intset)'],
  [12, 'sorted set (ziplist)'],
  [13, 'hash (ziplist)'],
  [14, 'list (quicklist)'],
  [15, 'stream'],
  [16, 'hash (listpack)'],
  [17, 'sorted set (listpack)'],
  [18, 'list (quicklist 2)'],
  [19, 'stream (2)'],
  [20, 'set (listpack)'],
  [21, 'stream (3)'],
  [22, 'hash with field deadlines (before release)'],
  [23, 'hash with field deadlines (listpack, before release)'],
  [24, 'hash with field deadlines'],
  [25, 'hash with field deadlines (listpack)'],
]);

/** The same for the numbers that mean something else under Valkey's magic; others do not exist. */
const valkeyTypeNames: ReadonlyMap<number, string> = new Map([
  [22, 'hash with field deadlines'],
  [23, 'hash of paths'],
]);

/** The name of a value type, or null when no version that is read knows it. */
export function typeName(type: number, valkey: boolean): string | null {
  return (valkey && type >= valkeyHash ? valkeyTypeNames : typeNames).get(type) ?? null;
}
