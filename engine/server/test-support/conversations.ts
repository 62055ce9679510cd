// Conversations of several clients with one server: who says what, and what comes in at whom. Run
// against this engine and against redis-server alike.
import net from 'node:net';
import type { Socket } from 'node:net';
import {
  encodeRequest, readReply, splitCommand,
} from '../../commands/test-support/replies.ts';

/** What a client gets, in order: replies and messages as text. */
export type Received = readonly string[];

/**
 * `a: PING` – client a says it, and these replies come in at a. `a: PING; PING` says both in one
 * packet. `b` alone: that came in at b because of others. `sleep 20` waits so many ms. `a.close`,
 * `a.end` closes or half-closes. `a=3` connects it in RESP3.
 */
export type Line = readonly [what: string, ...received: Received];

export interface ConversationOptions {
  /** What comes from redis-server instead in the lines of these numbers, from 0. */
  readonly redis?: Readonly<Record<number, Received>>;
}

export interface Conversation {
  readonly name: string;
  readonly lines: readonly Line[];
  readonly options: ConversationOptions;
}

export function conversation(name: string, ...lines: readonly Line[]): Conversation {
  return { name, lines, options: {} };
}

/** One where redis-server says something else in some lines; COMPAT.md says why. */
export function differing(
  name: string, redis: Readonly<Record<number, Received>>, ...lines: readonly Line[]
): Conversation {
  return { name, lines, options: { redis } };
}

const patienceMs = 3000;
/** How long nothing more may come in at the end. */
const silenceMs = 15;

class Speaker {
  readonly socket: Socket;
  private bytes: Buffer = Buffer.alloc(0);
  private readonly texts: string[] = [];
  private closed = false;
  private wake: () => void = () => {};

  constructor(port: number) {
    this.socket = net.connect({ port, host: '127.0.0.1' });
    this.socket.setNoDelay(true);
    this.socket.on('error', () => {});
    this.socket.on('data', (chunk) => this.take(chunk as Buffer));
    this.socket.on('close', () => {
      this.texts.push('closed');
      this.closed = true;
      this.wake();
    });
  }

  say(commands: string): void {
    const requests = commands.split('; ').map((command) => encodeRequest(splitCommand(command)));
    this.socket.write(Buffer.concat(requests));
  }

  /** The next so many; fewer when they do not come. */
  async next(count: number): Promise<string[]> {
    const untilMs = Date.now() + patienceMs;
    while (this.texts.length < count && !this.closed && Date.now() < untilMs) {
      const timer = setTimeout(() => this.wake(), untilMs - Date.now());
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
      clearTimeout(timer);
    }
    return this.texts.splice(0, count);
  }

  rest(): string[] {
    return this.texts.splice(0);
  }

  private take(chunk: Buffer): void {
    this.bytes = Buffer.concat([this.bytes, chunk]);
    for (;;) {
      const read = this.bytes.length === 0 ? null : readReply(this.bytes, 0);
      if (read === null) break;
      this.texts.push(read.text);
      this.bytes = this.bytes.subarray(read.end);
    }
    this.wake();
  }
}

/** Plays it; returns what went wrong, one line each. */
export async function play(
  { name, lines, options }: Conversation, server: { port: number; isRedis: boolean },
): Promise<string[]> {
  const speakers = new Map<string, Speaker>();
  const problems: string[] = [];
  const ids = new Map<string, string>();
  const speaker = async (who: string): Promise<Speaker> => {
    const known = speakers.get(who);
    if (known !== undefined) return known;
    const made = new Speaker(server.port);
    speakers.set(who, made);
    made.say('CLIENT ID');
    ids.set(who, (await made.next(1))[0]?.slice(1) ?? '');
    return made;
  };
  for (const [index, [what, ...received]] of lines.entries()) {
    const wanted = (server.isRedis ? options.redis?.[index] : undefined) ?? received;
    if (what.startsWith('sleep ')) {
      await new Promise((resolve) => setTimeout(resolve, Number(what.slice(6))));
      continue;
    }
    const [, who = '', rest = ''] = /^(\w+)(.*)$/s.exec(what) ?? [];
    const client = await speaker(who);
    if (rest === '=3') {
      client.say('HELLO 3');
      await client.next(1);
    } else if (rest === '.close') client.socket.destroy();
    else if (rest === '.end') client.socket.end();
    else if (rest.startsWith(': ')) {
      client.say(rest.slice(2).replaceAll(/\{id (\w+)\}/g, (_, other: string) =>
        ids.get(other) ?? ''));
    }
    const got = await client.next(wanted.length);
    const isSo = got.length === wanted.length
      && got.every((text, i) => matches(text, wanted[i] as string));
    if (!isSo) {
      problems.push(`${name}: line ${index}, ${what}: ${got.join(' | ')}, `
        + `expected ${wanted.join(' | ')}`);
    }
  }
  await new Promise((resolve) => setTimeout(resolve, silenceMs));
  for (const [who, client] of speakers) {
    const more = client.rest().filter((text) => text !== 'closed');
    if (more.length > 0) problems.push(`${name}: ${who} got more: ${more.join(' | ')}`);
    client.socket.destroy();
  }
  return problems;
}

/** `…` stands for any text. */
function matches(text: string, wanted: string): boolean {
  if (!wanted.includes('…')) return text === wanted;
  const parts = wanted.split('…').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(text);
}
