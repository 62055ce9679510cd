// A server for tests: RESP requests in, a Map of strings with deadlines; ignorant of workloads.

/** A value and its absolute deadline in ms, 0 = none. */
export interface ToyEntry {
  readonly value: Buffer;
  readonly deadlineMs: number;
}

/** Splits RESP requests into commands; throws when the bytes are anything else. */
export function parseRequests(bytes: Buffer): Buffer[][] {
  const commands: Buffer[][] = [];
  let at = 0;
  const line = (type: string): number => {
    const end = bytes.indexOf('\r\n', at);
    const text = bytes.toString('latin1', at, end);
    if (end < 0 || !text.startsWith(type) || !/^.\d+$/.test(text)) {
      throw new Error(`not ${type} at ${at}: ${JSON.stringify(text)}`);
    }
    at = end + 2;
    return Number(text.slice(1));
  };
  while (at < bytes.length) {
    const command: Buffer[] = [];
    for (let left = line('*'); left > 0; left--) {
      const length = line('$');
      command.push(Buffer.from(bytes.subarray(at, at + length)));
      at += length + 2;
      if (bytes.toString('latin1', at - 2, at) !== '\r\n') throw new Error(`no CRLF before ${at}`);
    }
    commands.push(command);
  }
  return commands;
}

/** The keyspace: applies whole requests, a MULTI at its EXEC. */
export class ToyServer {
  readonly entries: Map<string, ToyEntry> = new Map();
  #queue: Buffer[][] | null = null;

  /** Executes the commands of one request; returns how many replies it would have sent. */
  run(commands: readonly Buffer[][]): number {
    for (const command of commands) this.#one(command);
    return commands.length;
  }

  /** GET at a wall clock. */
  get(name: string, nowMs: number): ToyEntry | null {
    const entry = this.entries.get(name);
    if (!entry || (entry.deadlineMs !== 0 && entry.deadlineMs <= nowMs)) return null;
    return entry;
  }

  #one(command: Buffer[]): void {
    const [verb = '', name = ''] = command.map((part) => part.toString('latin1'));
    if (verb === 'MULTI') {
      this.#queue = [];
    } else if (verb === 'EXEC') {
      const queued = this.#queue ?? [];
      this.#queue = null;
      for (const each of queued) this.#one(each);
    } else if (this.#queue !== null) {
      this.#queue.push(command);
    } else {
      this.#apply(verb, name, command);
    }
  }

  #apply(verb: string, name: string, command: readonly Buffer[]): void {
    if (verb === 'SET') {
      const [, , value, option, deadline] = command;
      if (value === undefined || (option !== undefined && option.toString() !== 'PXAT')) {
        throw new Error(`SET with ${option?.toString()}`);
      }
      this.entries.set(name, { value, deadlineMs: Number(deadline?.toString() ?? 0) });
    } else if (verb === 'INCR') {
      const before = Number(this.entries.get(name)?.value.toString() ?? 0);
      this.entries.set(name, { value: Buffer.from(String(before + 1)), deadlineMs: 0 });
    } else if (verb === 'DEL') {
      this.entries.delete(name);
    } else {
      throw new Error(`unknown command ${verb}`);
    }
  }
}
