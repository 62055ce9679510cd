// The password of the server, and who comes from this machine.

import { createHash, timingSafeEqual } from 'node:crypto';
import type { AccessPort } from '../commands/context.ts';
import { bytesOfText } from '../resp/byte-text.ts';

/** A secret that is compared in constant time: as digests, so that its length is hidden too. */
export class Secret implements AccessPort {
  required = false;
  private text = '';
  private digest: Buffer = digestOf('');

  /** As textOfBytes has it; '' = none. */
  set(text: string): void {
    if (text === this.text) return;
    this.text = text;
    this.required = text !== '';
    this.digest = digestOf(bytesOfText(text));
  }

  accepts(candidate: Uint8Array | string): boolean {
    return timingSafeEqual(digestOf(candidate), this.digest);
  }
}

function digestOf(secret: Uint8Array | string): Buffer {
  return createHash('sha256').update(secret).digest();
}

/** `ip:port` as Redis shows it; without an address it is the Unix socket. */
export function addressOf(address: string | undefined, port: number | undefined): string {
  if (address === undefined) return '/unixsocket:0';
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

const localStarts = ['/', '127.', '[::1]', '[::ffff:127.'];

/** Loopback or a Unix socket. */
export function isLocal(address: string): boolean {
  return localStarts.some((start) => address.startsWith(start));
}

/** Why a client may not come in, or null; Redis' words. */
export function protectedModeRefusal(address: string): string | null {
  if (isLocal(address)) return null;
  return 'DENIED Redis is running in protected mode because protected mode is enabled and no '
    + 'password is set for the default user. In this mode connections are only accepted from the '
    + 'loopback interface. If you want to connect from external computers, you may adopt one of '
    + "the following solutions: 1) Disable protected mode with 'CONFIG SET protected-mode no' from "
    + 'the loopback interface. 2) Set it in the configuration file, and restart. 3) Start the '
    + "server with '--protected-mode no'. 4) Set up a password with requirepass. You only need to "
    + 'do one of these for the server to accept connections from the outside.';
}
