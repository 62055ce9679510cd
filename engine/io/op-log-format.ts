// The op log: the storage calls of a process, in order, with times and data. Diagram and constants.
//
// One format, written by the recording disk and by faultfs alike. It must survive SIGKILL of the
// server, not a power cut: records go to the OS by write(2) and are never synced. The recording
// disk, in the server, hands each on at once: `begin` before the call runs, `end` before its
// completion is reported to the caller, `release` before the replies that it counts are handed to
// the socket. A faultfs is not the process that is killed and hands them on many at a time.
//
// All numbers are little-endian; f64 is an IEEE double that holds an integer.
// Times are nanoseconds of CLOCK_MONOTONIC. Paths are UTF-8, relative to the data directory
// ('' is the directory itself), and name a file as it was called when the call began.
//
//   header   0 magic "PPOPLOG\n"   8 u32 version   12 u32 header length (64)   16 note, 0-padded
//
//   record   0 u32 length, this field included   4 u8 kind   5 u8 call   6 u16 check
//            check = a hash of length, kind and call: tells a damaged length from a torn end
//
//   begin    8 u32 id       12 u32 flags        16 f64 begin time            24 f64 inode
//   kind 1  32 f64 offset   40 u16 path length  42 u16 length of new path
//          44 path, new path, data
//            inode: of the file; 0 when the call creates it. offset: where a write lands, or the
//            length that a truncate leaves. data: the bytes of a write, whole; `result` of its end
//            says how many of them were taken. new path: of a rename or link.
//
//   end      8 u32 id       12 u32 0            16 f64 end time              24 f64 inode
//   kind 2  32 f64 result   (40 bytes)
//            inode: what an open or mkdir opened or made. result: ≥ 0, or -errno.
//
//   release  8 u32 port     12 u32 0            16 f64 time                  24 f64 replies
//   kind 3                  (32 bytes)
//            replies: how many this client was sent since it connected (cumulative).

/** The recorded calls; the position in this list is the byte in the file. */
export const opCalls = [
  'open',
  'write',
  'truncate',
  'sync',
  'rename',
  'unlink',
  'mkdir',
  'sync-directory',
  'close',
  'link',
] as const;

/** A recorded storage call. */
export type OpCall = (typeof opCalls)[number];

/** Bits of `flags` of an open (and `created` of a mkdir, `dropped` of a sync). */
export const opFlags: {
  readonly read: number;
  readonly create: number;
  readonly truncate: number;
  readonly exclusive: number;
  readonly created: number;
  readonly dropped: number;
} = {
  /** Opened for reading. */
  read: 1,
  /** O_CREAT. */
  create: 2,
  /** O_TRUNC: what the file held is gone, once a sync of it says so. */
  truncate: 4,
  /** O_EXCL. */
  exclusive: 8,
  /** The path named nothing before: a success made a new file or directory. */
  created: 16,
  /**
   * The sync fails, and what it should have made durable never will be: as Linux does, which marks
   * the pages clean after a write error. Later syncs cover only pages that are written again.
   */
  dropped: 32,
};

/** One storage call. */
export interface OpRecord {
  id: number;
  call: OpCall;
  beginNs: number;
  /** Infinity when the call had not ended when the log stops. */
  endNs: number;
  /** The file's inode; 0 when it never came to be known. */
  inode: number;
  /** Relative to the data directory; '' is the directory itself. */
  path: string;
  /** Where a rename or link leads, else ''. */
  newPath: string;
  /** Bits of `opFlags`. */
  flags: number;
  /** Where a write lands, or the length that a truncate leaves. */
  offsetBytes: number;
  /** What a write offered; the first `result` bytes of it were taken. */
  data: Uint8Array;
  /** What the call returned, or -errno; 0 while it has not ended. */
  result: number;
  /** Byte offset of the begin record in the log. */
  beginPosition: number;
  /** Byte offset of the end record in the log, Infinity when there is none. */
  endPosition: number;
}

/** Replies that left for one client. */
export interface ReleaseRecord {
  clientPort: number;
  /** Replies to this client since it connected. */
  count: number;
  atNs: number;
}

/** A log as read back. */
export interface OpLog {
  /** In the order of their beginning. */
  records: OpRecord[];
  /** In the order of time. */
  releases: ReleaseRecord[];
  /** Length of the longest prefix of whole records; shorter than the file when its end is torn. */
  validBytes: number;
}

export const magic = 'PPOPLOG\n';
export const version = 1;
export const headerBytes = 64;
export const headerNote = 'CLOCK_MONOTONIC ns, little-endian';

export const kindBegin = 1;
export const kindEnd = 2;
export const kindRelease = 3;

export const prefixBytes = 8;
export const beginBytes = 44;
export const endBytes = 40;
export const releaseBytes = 32;

/** The 16-bit hash of a record's first six bytes. */
export function recordCheck(length: number, kind: number, call: number): number {
  const mixed = Math.imul(length ^ (kind << 24) ^ (call << 16), 0x9e3779b1);
  return ((mixed >>> 16) ^ mixed ^ 0x5ac3) & 0xffff; // The constant: zeros are no record.
}

/** The 64 bytes at the start of every op log. */
export function encodeHeader(): Buffer {
  const header = Buffer.alloc(headerBytes);
  header.write(magic, 0, 'latin1');
  header.writeUInt32LE(version, 8);
  header.writeUInt32LE(headerBytes, 12);
  header.write(headerNote, 16, 'latin1');
  return header;
}
