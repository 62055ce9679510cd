// A server for tests: RESP requests in, two Maps of values with deadlines; ignorant of workloads.

/** A value and its absolute deadline in ms, 0 = none. */
export interface ToyEntry {
  /** A string. */
  readonly value: Buffer;
  readonly deadlineMs: number;
  /** The elements of a list, instead of a string. */
  readonly list?: Buffer[];
  /** Fields and what they hold, instead of a string; nothing in a set. */
  readonly fields?: Map<string, Buffer | null>;
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
  readonly databases: Map<string, ToyEntry>[] = [new Map(), new Map()];
  #queue: Buffer[][] | null = null;
  #selected = 0;

  /** Database 0. */
  get entries(): Map<string, ToyEntry> {
    return this.databases[0] as Map<string, ToyEntry>;
  }

  /** Executes the commands of one request in a database; returns how many replies there are. */
  run(commands: readonly Buffer[][], database: number = 0): number {
    this.#selected = database;
    for (const command of commands) this.#one(command);
    return commands.length;
  }

  /** What is there at a wall clock. */
  get(name: string, nowMs: number, database: number = 0): ToyEntry | null {
    const entry = this.databases[database]?.get(name);
    if (!entry || (entry.deadlineMs !== 0 && entry.deadlineMs <= nowMs)) return null;
    return entry;
  }

  #one(command: Buffer[]): void {
    const [verb = ''] = command.map((part) => part.toString('latin1'));
    if (verb === 'MULTI') {
      this.#queue = [];
    } else if (verb === 'EXEC') {
      const queued = this.#queue ?? [];
      this.#queue = null;
      for (const each of queued) this.#one(each);
    } else if (this.#queue !== null) {
      this.#queue.push(command);
    } else {
      this.#apply(verb, command);
    }
  }

  #apply(verb: string, command: readonly Buffer[]): void {
    const entries = this.databases[this.#selected] as Map<string, ToyEntry>;
    const name = command[1]?.toString('latin1') ?? '';
    if (verb === 'SELECT') {
      this.#selected = Number(name);
    } else if (verb === 'SWAPDB') {
      this.databases.reverse();
    } else if (verb === 'FLUSHALL') {
      for (const each of this.databases) each.clear();
    } else if (verb === 'SET') {
      const [, , value, option, deadline] = command;
      if (value === undefined || (option !== undefined && option.toString() !== 'PXAT')) {
        throw new Error(`SET with ${option?.toString()}`);
      }
      entries.set(name, { value, deadlineMs: Number(deadline?.toString() ?? 0) });
    } else if (verb === 'INCR') {
      const before = Number(entries.get(name)?.value.toString() ?? 0);
      entries.set(name, { value: Buffer.from(String(before + 1)), deadlineMs: 0 });
    } else if (verb === 'DEL') {
      entries.delete(name);
    } else {
      changeCollection(entries, verb, command);
    }
  }
}

/** The elements of a collection as a server lists them; null for a string. */
export function elementsOf({ list, fields }: ToyEntry): Buffer[] | null {
  if (list !== undefined) return list;
  if (fields === undefined) return null;
  return [...fields].flatMap(([field, value]) => (
    value === null ? [Buffer.from(field)] : [Buffer.from(field), value]));
}

function changeCollection(
  entries: Map<string, ToyEntry>, verb: string, command: readonly Buffer[],
): void {
  const [, nameBytes, first = Buffer.alloc(0), second = null] = command;
  const name = nameBytes?.toString('latin1') ?? '';
  const before = entries.get(name) ?? { value: Buffer.alloc(0), deadlineMs: 0 };
  const list = [...before.list ?? []];
  const fields = new Map(before.fields);
  const field = first.toString('latin1');
  const changes: Record<string, () => void> = {
    RPUSH: () => void list.push(first),
    LPUSH: () => void list.unshift(first),
    RPOP: () => void list.pop(),
    LPOP: () => void list.shift(),
    HSET: () => void fields.set(field, second),
    SADD: () => void fields.set(field, null),
    // ZADD key score member; listed with the score behind, without leading zeros.
    ZADD: () => void fields.set(second?.toString() ?? '', Buffer.from(String(Number(field)))),
    HDEL: () => void fields.delete(field),
    SREM: () => void fields.delete(field),
    ZREM: () => void fields.delete(field),
  };
  if (verb === 'PEXPIREAT') {
    if (entries.has(name)) entries.set(name, { ...before, deadlineMs: Number(field) });
    return;
  }
  const change = changes[verb];
  if (change === undefined) throw new Error(`unknown command ${verb}`);
  change();
  const isList = verb.endsWith('PUSH') || verb.endsWith('POP');
  if ((isList ? list.length : fields.size) === 0) entries.delete(name);
  else entries.set(name, { ...before, ...(isList ? { list } : { fields }) });
}
