// Loopback ports: finding a free one, and waiting until a certain process listens on it.

import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicNs } from '../metrics/monotonic.ts';

/** A port that was free a moment ago on 127.0.0.1. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

/** Whether last words say that the port was taken by somebody else. */
export function saysAddressInUse(lastWords: readonly string[]): boolean {
  return lastWords.some((line) => inUse.test(line));
}

// Of Redis, of Node, of the bundled engine.
const inUse = /address already in use|EADDRINUSE|another process listens there/i;

/** Where a server is to be reached. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** INFO server of whoever answers there, '' when it only said an error; null when nobody does. */
export type Answer = { readonly info: string; readonly connectedNs: number } | null;

/** Who answers on a port: the process meant, another one, or nobody yet. */
export type Listener =
  | { readonly kind: 'ours' | 'foreign'; readonly connectedNs: number }
  | { readonly kind: 'nobody' };

/** Connects once and asks for INFO server. */
export function askInfo({ host, port }: Address, timeoutMs: number): Promise<Answer> {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port, noDelay: true });
    let connectedNs = 0;
    let text = '';
    const end = (answer: Answer): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => end(null), timeoutMs);
    socket.once('connect', () => {
      connectedNs = monotonicNs();
      socket.write('*2\r\n$4\r\nINFO\r\n$6\r\nserver\r\n');
    });
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (isWholeBulk(text)) end({ info: text, connectedNs });
      else if (/^-.*\r\n/.test(text)) end({ info: '', connectedNs });
    });
    socket.once('error', () => end(null));
    socket.once('close', () => end(null));
  });
}

/**
 * Whether a certain process listens: a port that was free a moment ago may belong to another run
 * by now, and measuring that one would be worse than failing.
 * A server that states no process id counts as ours.
 */
export async function askListener(port: number, pid: number, timeoutMs: number): Promise<Listener> {
  const answer = await askInfo({ host: '127.0.0.1', port }, timeoutMs);
  if (answer === null) return { kind: 'nobody' };
  const { info, connectedNs } = answer;
  const stated = /process_id:(\d+)\r\n/.exec(info)?.[1];
  return { kind: stated === undefined || Number(stated) === pid ? 'ours' : 'foreign', connectedNs };
}

function isWholeBulk(text: string): boolean {
  const head = /^\$(\d+)\r\n/.exec(text);
  return head !== null && text.length >= head[0].length + Number(head[1]);
}

/** Polls `askListener` until it is ours; null when `gone` says so or the time is over. */
export async function pollListener(
  port: number,
  pid: number,
  until: { readonly timeoutMs: number; readonly gone: () => boolean },
): Promise<number | null> {
  const deadlineNs = monotonicNs() + until.timeoutMs * 1e6;
  while (!until.gone()) {
    const leftMs = (deadlineNs - monotonicNs()) / 1e6;
    if (leftMs <= 0) return null;
    const listener = await askListener(port, pid, leftMs);
    if (listener.kind === 'ours') return listener.connectedNs;
    await sleep(listener.kind === 'foreign' ? 20 : 1);
  }
  return null;
}
