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
  return lastWords.some((line) => /address already in use|EADDRINUSE/i.test(line));
}

/** Who answers on a port: the process meant, another one, or nobody yet. */
export type Listener =
  | { readonly kind: 'ours' | 'foreign'; readonly connectedNs: number }
  | { readonly kind: 'nobody' };

/**
 * Connects once and asks INFO for the process id: a port that was free a moment ago may belong to
 * another run by now, and measuring that one would be worse than failing.
 * A server that states no process id counts as ours.
 */
export function askListener(port: number, pid: number, timeoutMs: number): Promise<Listener> {
  return new Promise((resolve) => {
    const socket = net.connect({ host: '127.0.0.1', port, noDelay: true });
    let connectedNs = 0;
    let text = '';
    const end = (listener: Listener): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(listener);
    };
    const timer = setTimeout(() => end({ kind: 'nobody' }), timeoutMs);
    socket.once('connect', () => {
      connectedNs = monotonicNs();
      socket.write('*2\r\n$4\r\nINFO\r\n$6\r\nserver\r\n');
    });
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      const stated = /process_id:(\d+)\r\n/.exec(text)?.[1];
      if (stated !== undefined) {
        end({ kind: Number(stated) === pid ? 'ours' : 'foreign', connectedNs });
      } else if (/^-.*\r\n/.test(text) || isWholeBulk(text)) {
        end({ kind: 'ours', connectedNs });
      }
    });
    socket.once('error', () => end({ kind: 'nobody' }));
    socket.once('close', () => end({ kind: 'nobody' }));
  });
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
