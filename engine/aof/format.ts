// The append only log on disk: directory, names, grammar.
//
//   <dir>/<appenddirname>/                    all of a log; P is `appendfilename`
//     P.<seq>.base.rdb | P.<seq>.base.aof     the data as it was when the log was last rewritten
//     P.<seq>.incr.aof                        what happened since, oldest first
//     P.manifest                              which of them count; replaced by rename only
//     temp-P.manifest                         the next manifest while it is written
//     temp-P.incr                             what happens while the log is being switched on
//     temp-cut.aof                            a file that is cut inside a block: cut.ts
//   <dir>/temp-rewriteaof-bg-<pid>.aof        the next base while it is written
//
//   manifest    one line for each file, base, then history, then increments:
//               file <name> seq <number> type b|h|i [<key> <value>]…     unknown keys: ignored
//               blocks yes: an increment that was begun with `aof-checksum yes`, so that it is
//               known to be blocks although a power cut took the header of its first one
//               bytes <number>: the length of a base, and of an increment that another follows:
//               what is cut between two commands looks whole, but is shorter
//               # crc32 <8 hexadecimal digits>: as the first line, the CRC-32 of what follows it
//               '#' starts a comment line; blank lines are errors; a line has at most 1024 bytes
//
//   log         ( command | annotation | block )*
//   command     '*' count CRLF ( '$' length CRLF bytes CRLF ){count}
//   annotation  '#' … LF                      skipped; only between commands
//   #TS:<unix seconds> CRLF                   an annotation: when what follows was written
//   block       header ( command | annotation )*          with `aof-checksum yes`: what was written
//                                                         at once, whole commands
//   header      #HDR:p1;crc:CCCCCCCC;add;len:LLLLLLLL;syn:SSSSSSSSSSSS; CRLF       57 bytes
//                 hexadecimal digits of fixed count; an annotation for all who do not know it
//                 crc   CRC-32 (zlib's) of all that follows this field up to the end of the block,
//                       begun with the header's offset in the file: a block in a wrong place is
//                       found as one with a wrong byte is
//                 add   nothing but annotations stands between this block and the one before it;
//                 new   the first of a process, or after commands without blocks: when the header
//                       before an `add` is not a header any more, that is found too
//                 len   bytes of the block behind the header
//                 syn   so many bytes of the file were synced when the block was written: damage
//                       before it is no crash's doing
//
//   #SUM:p1;crc:CCCCCCCC; CRLF                the last line of a base in commands: an annotation
//                                             with the CRC-32 of all that stands before it
//
// Effects between MULTI and EXEC count together or not at all. SELECT comes before the first
// effect of each file and whenever the database changes.

/** Longest line of a manifest with its LF, in bytes. */
export const maxManifestLineBytes = 1024;

/** The manifest's name. */
export function manifestName(prefix: string): string {
  return `${prefix}.manifest`;
}

/** The name a manifest has while it is written. */
export function temporaryManifestName(prefix: string): string {
  return `temp-${prefix}.manifest`;
}

/** The name of the increment of a log that is being switched on. */
export function waitingIncrementName(prefix: string): string {
  return `temp-${prefix}.incr`;
}

/** The name of a base; `rdb`: in snapshot format, else in commands. */
export function baseName(prefix: string, sequence: number, rdb: boolean): string {
  return `${prefix}.${sequence}.base.${rdb ? 'rdb' : 'aof'}`;
}

/** The name of an increment. */
export function incrementName(prefix: string, sequence: number): string {
  return `${prefix}.${sequence}.incr.aof`;
}

/** The sequence number in an increment's name, or 0 when the name is not one. */
export function incrementSequence(prefix: string, name: string): number {
  if (!name.startsWith(`${prefix}.`) || !name.endsWith('.incr.aof')) return 0;
  const digits = name.slice(prefix.length + 1, -'.incr.aof'.length);
  return /^[1-9]\d{0,14}$/.test(digits) ? Number(digits) : 0;
}
