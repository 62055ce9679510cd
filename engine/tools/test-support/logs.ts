// Small logs in memory for tests of the tools, and the tools run on them.
import { LogBuffer } from '../../aof/log-buffer.ts';
import { MemoryDisk } from '../../io/memory-disk.ts';
import { checkAof } from '../check-aof.ts';
import { editAof, everyCommand } from '../edit-aof.ts';
import type { CommandFilter } from '../edit-aof.ts';

export const folder = '/data/appendonlydir';
export const manifest: string = 'file a.aof.1.base.aof seq 1 type b\n'
  + 'file a.aof.1.incr.aof seq 1 type i\nfile a.aof.2.incr.aof seq 2 type i\n';

export function request(...parts: readonly string[]): string {
  const bulks = parts.map((part) => `$${part.length}\r\n${part}\r\n`);
  return `*${parts.length}\r\n${bulks.join('')}`;
}

export const base: string = request('SELECT', '0') + request('SET', 'a', '1');
export const first: string = request('SELECT', '0') + request('SET', 'b', '2');
export const parts: readonly string[] = [
  '#TS:1000\r\n', request('SELECT', '3'), request('SET', 'c', '3'), '#TS:2000\r\n',
  request('MULTI'), request('FLUSHALL'), request('SET', 'd', '4'), request('EXEC'), '#TS:3000\r\n',
  request('DEL', 'c', 'x'),
];
export const second: string = parts.join('');

export function diskWith(files: Readonly<Record<string, string>>): MemoryDisk {
  const disk = new MemoryDisk();
  for (const path of ['/data', folder, ...new Set(Object.keys(files).map(folderOf))]) {
    disk.makeDirectory(path);
  }
  for (const [path, text] of Object.entries(files)) {
    const bytes = Buffer.from(text, 'latin1');
    const fd = disk.open(path, 'truncate');
    if (bytes.length > 0) disk.write(fd, bytes, 0, bytes.length);
    disk.close(fd);
  }
  return disk;
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

export function logDisk(last: string = second): MemoryDisk {
  return diskWith({
    [`${folder}/a.aof.manifest`]: manifest, [`${folder}/a.aof.1.base.aof`]: base,
    [`${folder}/a.aof.1.incr.aof`]: first, [`${folder}/a.aof.2.incr.aof`]: last,
  });
}

export function textOf(disk: MemoryDisk, path: string): string {
  const size = disk.stat(path)?.sizeBytes ?? 0;
  const bytes = Buffer.alloc(size);
  const fd = disk.open(path, 'read');
  disk.read(fd, bytes, { offset: 0, length: size, position: 0 });
  disk.close(fd);
  return bytes.toString('latin1');
}

export interface Checked {
  readonly code: number;
  readonly lines: readonly string[];
}

export async function check(
  disk: MemoryDisk, more: { fix?: boolean; truncateToSec?: number; yes?: boolean; path?: string },
): Promise<Checked> {
  const lines: string[] = [];
  const code = await checkAof({ disk, print: (line) => lines.push(line) }, {
    path: more.path ?? folder, fix: more.fix ?? false, truncateToSec: more.truncateToSec ?? null,
    nowMs: 0, confirm: async () => more.yes ?? true,
  });
  return { code, lines };
}

export function edit(
  disk: MemoryDisk, filter: Partial<CommandFilter>, outputFolder: string | null = null,
  path: string = folder,
): { count: number; lines: string[] } {
  const lines: string[] = [];
  const count = editAof({ disk, print: (line) => lines.push(line) },
    { path, filter: { ...everyCommand, ...filter }, outputFolder });
  return { count, lines };
}

/** As the engine writes it: blocks with checksums; `stray` commands of another writer between. */
export function inBlocks(stray: string): string {
  const log = new LogBuffer();
  const lists = [['SELECT', '3'], ['SET', 'a', '1']];
  const others = [['FLUSHALL'], ['SET', 'b', '2']];
  log.beginBlock();
  for (const command of lists) log.command(command);
  log.seal(0, { continues: false, syncedBytes: 0 });
  const first = log.bytes.toString('latin1', 0, log.length);
  const rest = new LogBuffer();
  rest.beginBlock();
  for (const command of others) rest.command(command);
  const offset = first.length + stray.length;
  rest.seal(offset, { continues: stray === '', syncedBytes: 0 });
  return first + stray + rest.bytes.toString('latin1', 0, rest.length);
}
