// The files that the persistence bench starts servers from, and keys like those in them.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import { startServer } from './servers.ts';

/** Commands of the log; a quarter as many keys. */
export const logCommands = 4_000_000;
/** Keys of the snapshot: 20 bytes, with values of 100. */
export const snapshotKeys = 1_800_000;

const chunkBytes = 1 << 20;

/** Values that hardly compress, as in the issue of everyday: half digits, half letters. */
function valueOf(number: number): string {
  let state = (Math.imul(number, 0x9e3779b1) ^ 0x5bd1e995) >>> 0;
  let text = '';
  while (text.length < 100) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    text += state.toString(36);
  }
  return text.slice(0, 100);
}

/** Writes a log of SETs with its manifest; returns its bytes. */
export function writeLog(directory: string, commands: number): number {
  const logDirectory = `${directory}/appendonlydir`;
  fs.mkdirSync(logDirectory, { recursive: true });
  const fd = fs.openSync(`${logDirectory}/appendonly.aof.1.incr.aof`, 'w');
  let state = 12345;
  let text = '*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n';
  let bytes = 0;
  for (let i = 0; i < commands; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const key = String(Math.floor((state / 2 ** 32) * (commands / 4))).padStart(12, '0');
    text += `*3\r\n$3\r\nSET\r\n$16\r\nkey:${key}\r\n$100\r\n${valueOf(i)}\r\n`;
    if (text.length > chunkBytes || i === commands - 1) {
      bytes += fs.writeSync(fd, text);
      text = '';
    }
  }
  fs.closeSync(fd);
  const manifest = 'file appendonly.aof.1.incr.aof seq 1 type i\n';
  fs.writeFileSync(`${logDirectory}/appendonly.aof.manifest`, manifest);
  return bytes;
}

/** Writes a snapshot, by redis-server; returns its bytes. */
export async function writeSnapshot(directory: string, keys: number): Promise<number> {
  fs.mkdirSync(directory, { recursive: true });
  const server = await startServer('redis', 'none', { directory });
  await fillSnapshotKeys(server.port, keys);
  await server.command('SAVE');
  await server.stop();
  return fs.statSync(`${directory}/dump.rdb`).size;
}

/** Sets `snapshot000000000000` and so on, pipelined. */
export async function fillSnapshotKeys(port: number, keys: number): Promise<void> {
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  let replies = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.on('data', (bytes: Buffer) => {
    for (const byte of bytes) if (byte === 10) replies++;
    if (replies >= keys) resolve();
  });
  socket.on('close', () => resolve());
  let text = '';
  for (let key = 0; key < keys; key++) {
    const name = String(key).padStart(12, '0');
    text += `*3\r\n$3\r\nSET\r\n$20\r\nsnapshot${name}\r\n$100\r\n${valueOf(key)}\r\n`;
    if (text.length < chunkBytes && key + 1 < keys) continue;
    if (!socket.write(text, 'latin1')) await Promise.race([once(socket, 'drain'), promise]);
    text = '';
  }
  await promise;
  socket.destroy();
}

/** Empties the page cache; false where that is not allowed. */
export function dropCaches(): boolean {
  try {
    execFileSync('sync');
    fs.writeFileSync('/proc/sys/vm/drop_caches', '1');
    return true;
  } catch {
    return false;
  }
}
