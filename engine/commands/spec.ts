// What the registry knows about one command, and the flags in their bits.
import type { CommandContext } from './context.ts';

/** Runs with a decoded request in the context; writes exactly one reply. */
export type CommandHandler = (ctx: CommandContext) => void;

/** Flags as COMMAND INFO names them, one bit each. */
export const flag = {
  write: 0x1,
  readonly: 0x2,
  denyoom: 0x4,
  admin: 0x8,
  pubsub: 0x10,
  noscript: 0x20,
  blocking: 0x40,
  loading: 0x80,
  stale: 0x100,
  skip_monitor: 0x200,
  skip_slowlog: 0x400,
  fast: 0x800,
  no_auth: 0x1000,
  movablekeys: 0x2000,
  allow_busy: 0x4000,
  no_async_loading: 0x8000,
  no_multi: 0x10000,
  may_replicate: 0x20000,
  no_mandatory_keys: 0x40000,
} as const;

export type FlagName = keyof typeof flag;

export type CommandGroup =
  | 'string' | 'generic' | 'transactions' | 'connection' | 'server'
  | 'list' | 'hash' | 'set' | 'sorted-set' | 'bitmap' | 'hyperloglog' | 'pubsub';

/** Where the keys stand: positions count from the command name; `last` -1 is the last argument. */
export interface KeySpec {
  readonly first: number;
  readonly last: number;
  readonly step: number;
  /** What happens to them, as COMMAND INFO says it, e.g. `['RW', 'access', 'update']`. */
  readonly access: readonly string[];
  readonly notes?: string;
  /** Argument `first` is the number of keys, and they follow it; `last` and `step` say nothing. */
  readonly counted?: boolean;
  /** The key stands after the last such word; '': where the keys are cannot be said. */
  readonly after?: string;
}

/** One row of the registry. */
export interface CommandRow {
  /** Lower case; a subcommand bears its own name only (`setname`). */
  readonly name: string;
  /** Exact count of arguments with the name, or at least that many if negative. */
  readonly arity: number;
  /** Flag names, space separated. */
  readonly flags: string;
  readonly group: CommandGroup;
  readonly since: string;
  readonly summary: string;
  /** Arguments in the notation of the documentation, e.g. `key value [NX | XX] [GET]`. */
  readonly syntax?: string;
  readonly complexity?: string;
  readonly keys?: readonly KeySpec[];
  readonly tips?: readonly string[];
  /** ACL categories instead of the one that the group implies. */
  readonly categories?: readonly string[];
  readonly handler: CommandHandler | null;
  readonly subcommands?: readonly CommandRow[];
}

/** `rename-command`: the same command under another name. */
interface Renamed {
  readonly name: string;
  readonly spec: CommandSpec;
}

let specCount = 0;

/** A row as the runner uses it: monomorphic, flags in bits, names in bytes. */
export class CommandSpec {
  readonly row: CommandRow;
  /** `get`, or `client|setname`. */
  readonly fullName: string;
  readonly arity: number;
  readonly flags: number;
  /** Flags by which the server may refuse the command: PING too fails while writes do. */
  readonly guards: number;
  readonly handler: CommandHandler | null;
  readonly nameBytes: Uint8Array;
  readonly parent: CommandSpec | null;
  /** Which slot of the counters is its own. */
  readonly index: number;
  /** Its time may grow with the data or the request, so each call is timed. */
  readonly mayBeSlow: boolean;
  /** Set by the registry for commands with subcommands. */
  subcommands: SpecTable | null = null;

  constructor(row: CommandRow, parent: CommandSpec | null, renamed?: Renamed) {
    this.row = row;
    this.parent = parent;
    this.fullName = parent === null ? row.name : `${parent.row.name}|${row.name}`;
    this.arity = row.arity;
    this.flags = flagBits(row.flags);
    this.guards = this.fullName === 'ping' ? this.flags | flag.write : this.flags;
    this.handler = row.handler;
    this.nameBytes = Buffer.from(renamed?.name ?? row.name, 'latin1');
    this.index = renamed?.spec.index ?? specCount++;
    this.mayBeSlow = (this.flags & flag.fast) === 0 && row.complexity !== 'O(1)';
    if (renamed !== undefined) this.subcommands = renamed.spec.subcommands;
  }

  /** Whether a request of `argc` parts (name included) fits. */
  accepts(argc: number): boolean {
    return this.arity >= 0 ? argc === this.arity : argc >= -this.arity;
  }
}

/** Finds a command by the bytes of its name. */
export interface SpecTable {
  readonly specs: readonly CommandSpec[];
  find(buffer: Uint8Array, start: number, end: number): CommandSpec | null;
}

function flagBits(names: string): number {
  let bits = 0;
  for (const name of names.split(' ')) {
    if (name !== '') bits |= flag[name as FlagName];
  }
  return bits;
}
