// Fills a server with keys of one kind, pipelined on one connection.
import { once } from 'node:events';
import net from 'node:net';

export interface Filling {
  readonly name: string;
  /** Keys to write. */
  readonly count: number;
  readonly command: string;
  /** The arguments that element `at` of a collection adds to the command. */
  readonly parts: (at: number) => readonly string[];
}

const batchBytes = 256 * 1024;

/** One command for each key, with `size` elements; throws at the first error reply. */
export async function fill(port: number, filling: Filling, size: number): Promise<void> {
  const tail = Array.from({ length: size }, (_, at) => filling.parts(at)).flat();
  const tailText = tail.map((part) => `$${part.length}\r\n${part}\r\n`).join('');
  const head = `*${tail.length + 2}\r\n$${filling.command.length}\r\n${filling.command}\r\n$20\r\n`;
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  const got = { replies: 0, error: '' };
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.on('data', (bytes: Buffer) => {
    for (const byte of bytes) if (byte === 10) got.replies++;
    if (bytes.includes('-ERR')) got.error = bytes.toString('latin1', 0, 200);
    if (got.replies >= filling.count || got.error !== '') resolve();
  });
  socket.on('close', () => resolve());
  socket.on('error', () => resolve());
  let text = '';
  for (let key = 0; key < filling.count && got.error === ''; key++) {
    text += `${head}memory-key:${String(key).padStart(9, '0')}\r\n${tailText}`;
    if (text.length < batchBytes && key + 1 < filling.count) continue;
    if (!socket.write(text, 'latin1')) await Promise.race([once(socket, 'drain'), promise]);
    text = '';
  }
  await promise;
  socket.destroy();
  if (got.replies >= filling.count) return;
  throw new Error(`${filling.command}: ${got.error || 'cut off'}`);
}
