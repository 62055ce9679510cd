// Entry of the process that checks a backup: check-rdb or check-aof, then the bundled engine loads
// it and its DEBUG DIGEST is told. A process of its own, since gigabytes may come to lie in it.

import path from 'node:path';
import { cutDurably } from '../../../engine/aof/cut.ts';
import { AofReader } from '../../../engine/aof/reader.ts';
import { keyspaceDigest } from '../../../engine/commands/digest.ts';
import { EngineError } from '../../../engine/errors.ts';
import type { EngineErrorCode } from '../../../engine/errors.ts';
import { realClock } from '../../../engine/io/clock.ts';
import { realEntropy } from '../../../engine/io/entropy.ts';
import { realDisk } from '../../../engine/io/real-disk.ts';
import { startEngine } from '../../../engine/start.ts';
import { checkAof } from '../../../engine/tools/check-aof.ts';
import { readSnapshot } from '../../../engine/tools/check-rdb.ts';
import { findLog, isSnapshot } from '../../../engine/tools/log-files.ts';
import type { ToolFile } from '../../../engine/tools/log-files.ts';
import type { DataForm, LoadAnswer, LoadRequest } from './messages.ts';
import { readOnlyDisk } from './read-only-disk.ts';

const stepBytes = 8 * 1024 * 1024;
const damages: ReadonlySet<EngineErrorCode> = new Set([
  'RDB_BAD', 'AOF_BAD', 'AOF_TRUNCATED', 'MANIFEST_BAD', 'DIRECTORY_UNUSABLE',
]);
/** More than anybody has. */
const databases = '10000';

process.once('message', (request: LoadRequest) => {
  answerOf(request).catch(refusalOf).then((answer) => {
    process.send?.(answer, undefined, undefined, () => process.exit(0));
  }, (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  });
});
process.on('disconnect', () => process.exit());
process.on('SIGINT', () => {}); // Ctrl-C reaches the whole group: the parent decides

function refusalOf(error: unknown): LoadAnswer {
  if (!(error instanceof EngineError)) throw error;
  const { code, message } = error;
  if (code === 'RDB_UNSUPPORTED' || /unknown command/i.test(message)) {
    return { kind: 'unknown', why: message, isNewer: /version/i.test(message) };
  }
  if (!damages.has(code)) throw error;
  return { kind: 'damaged', why: message };
}

async function answerOf(request: LoadRequest): Promise<LoadAnswer> {
  const { directory, form, atMs, cutTail } = request;
  const cutBytes = cutTail && form.kind !== 'rdb' ? cutTailOf(logPath(directory, form), atMs) : 0;
  const found = await check(request);
  if (found !== null) return { kind: 'damaged', why: found };
  const engine = await startEngine({
    directives: directivesOf(directory, form),
    ports: {
      disk: readOnlyDisk(realDisk()), entropy: realEntropy(), listens: false,
      clock: { wallMs: () => atMs, monotonicNs: () => realClock().monotonicNs() },
      writeLog: () => {},
    },
  });
  // In the same turn: nothing has had the time to expire.
  const { keyspace } = engine.server.context;
  const keys = keyspace.databases.reduce((sum, { size }) => sum + size, 0);
  return { kind: 'loaded', digest: keyspaceDigest(keyspace), keys, cutBytes };
}

/** Null: whole. */
async function check({ directory, form, atMs }: LoadRequest): Promise<string | null> {
  const disk = realDisk();
  if (form.kind === 'rdb') {
    readSnapshot({ disk }, path.join(directory, form.fileName), atMs);
    return null;
  }
  const lines: string[] = [];
  const code = await checkAof({ disk, print: (line) => lines.push(line) }, {
    path: logPath(directory, form), fix: false, truncateToSec: null, nowMs: atMs,
    confirm: () => Promise.resolve(false),
  });
  return code === 0 ? null : lines.filter((line) => !line.startsWith('AOF analyzed')).join(' ');
}

function directivesOf(directory: string, form: DataForm): [string, string][] {
  const common: [string, string][] = [
    ['dir', directory], ['save', ''], ['databases', databases], ['aof-load-truncated', 'no'],
  ];
  switch (form.kind) {
    case 'rdb': return [...common, ['appendonly', 'no'], ['dbfilename', form.fileName]];
    case 'aof': return [...common, ['appendonly', 'yes'], ['appenddirname', form.folderName],
      ['appendfilename', form.prefix]];
    case 'single-aof': return [...common, ['appendonly', 'yes'], ['appendfilename', form.fileName]];
  }
}

function logPath(directory: string, form: Exclude<DataForm, { kind: 'rdb' }>): string {
  return path.join(directory, form.kind === 'aof' ? form.folderName : form.fileName);
}

/** Cuts the last file that holds anything behind its last whole command; how many bytes went. */
function cutTailOf(log: string, atMs: number): number {
  const disk = realDisk();
  const last = findLog(disk, log).files.filter(({ sizeBytes }) => sizeBytes > 0).at(-1);
  if (last === undefined) return 0;
  const reader = readToEnd(last, atMs);
  if (reader.end === 'whole' || reader.end === 'damaged') return 0; // damage is the check's to tell
  const { validBytes: lengthBytes, cutBlockStart: blockStart } = reader;
  cutDurably(disk, { path: last.path, lengthBytes, blockStart });
  return last.sizeBytes - lengthBytes;
}

function readToEnd(file: ToolFile, atMs: number): AofReader {
  const disk = realDisk();
  const startOffset = isSnapshot(disk, file)
    ? readSnapshot({ disk }, file.path, atMs).endOffset : 0;
  const target = { apply: () => null, annotate: () => {} };
  const reader = new AofReader({ disk, path: file.path, target, startOffset });
  try {
    while (!reader.step(stepBytes)) continue;
  } finally {
    reader.close();
  }
  return reader;
}
