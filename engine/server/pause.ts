// CLIENT PAUSE: requests stay where they are until the pause is over.

import type { CommandContext } from '../commands/context.ts';
import { registry } from '../commands/registry.ts';
import type { Scheduler } from '../io/scheduler.ts';
import type { Session } from '../commands/session.ts';
import { flag } from '../commands/spec.ts';
import type { CommandSpec } from '../commands/spec.ts';

/** Where the parts of a request stand in its buffer. */
interface RequestParts {
  readonly argc: number;
  readonly argStart: Int32Array;
  readonly argEnd: Int32Array;
}

/** Who can go on later. */
export interface Pausable {
  readonly state: Session;
  resume(): void;
}

const writes = flag.write | flag.may_replicate;

export class Pause {
  /** Unix time in ms; 0 = no pause. */
  untilMs = 0;
  private readonly context: CommandContext;
  private readonly over: (waiting: Iterable<Pausable>) => void;
  private onlyWrites = true;
  private waiting: Set<Pausable> = new Set();
  private readonly scheduler: Scheduler;
  private forget: (() => void) | null = null;

  /** `over` lets those who waited go on. */
  constructor(
    context: CommandContext,
    scheduler: Scheduler,
    over: (waiting: Iterable<Pausable>) => void,
  ) {
    this.context = context;
    this.scheduler = scheduler;
    this.over = over;
  }

  get waitingCount(): number {
    return this.waiting.size;
  }

  /** A pause that runs gets longer and stricter, never the contrary. */
  begin(untilMs: number, onlyWrites: boolean): void {
    if (this.untilMs === 0 || !onlyWrites) this.onlyWrites = onlyWrites;
    if (untilMs <= this.untilMs) return;
    this.untilMs = untilMs;
    this.forget?.();
    const delayMs = Math.min(Math.max(0, untilMs - this.context.nowMs), 2 ** 31 - 1);
    this.forget = this.scheduler.after(delayMs, () => this.end());
  }

  end(): void {
    this.forget?.();
    this.forget = null;
    this.untilMs = 0;
    const { waiting } = this;
    this.waiting = new Set();
    this.over(waiting);
  }

  /** Nobody goes on any more. */
  stop(): void {
    this.forget?.();
    this.forget = null;
    this.waiting.clear();
  }

  /** Must the request wait? Then its client is remembered. */
  holds(client: Pausable, buffer: Buffer, request: RequestParts): boolean {
    const spec = this.specOf(buffer, request);
    if (spec === null || !spec.accepts(request.argc)) return false;
    if (this.onlyWrites && !mayWrite(spec, client.state)) return false;
    this.waiting.add(client);
    return true;
  }

  private specOf(buffer: Buffer, { argc, argStart, argEnd }: RequestParts): CommandSpec | null {
    const table = this.context.commands ?? registry;
    const spec = table.find(buffer, argStart[0] as number, argEnd[0] as number);
    if (spec === null || spec.subcommands === null || argc < 2) return spec;
    return spec.subcommands.find(buffer, argStart[1] as number, argEnd[1] as number);
  }
}

function mayWrite(spec: CommandSpec, session: Session): boolean {
  if ((spec.flags & writes) !== 0) return true;
  return spec.fullName === 'exec' && session.queue.some((one) => (one.spec.flags & writes) !== 0);
}
