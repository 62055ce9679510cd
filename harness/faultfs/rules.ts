// What a fault rule says: the types that the client, the process and its worker share.

import { HarnessError } from '../errors.ts';
import { delayNumbers } from './delays.ts';
import type { DelayTime } from './delays.ts';

export type { DelayTime } from './delays.ts';

/**
 * The calls that a rule can name. `create` makes a file, `truncate` is any change of a length
 * (fallocate too), `sync` is fsync and fdatasync, `link` makes hard and symbolic links, `unlink`
 * removes files and directories.
 */
export const faultCalls = [
  'open', 'create', 'read', 'write', 'truncate', 'sync', 'sync-directory', 'rename', 'link',
  'unlink', 'mkdir',
] as const;

/** One of `faultCalls`. */
export type FaultCall = (typeof faultCalls)[number];

/** The errors that a rule can give. */
export type FaultCode = 'EIO' | 'ENOSPC' | 'EROFS' | 'EDQUOT';

/** What happens to a call. */
export type Fault =
  /** It begins so much later; other calls go on. Drawn for each call anew, by the seed (0). */
  | { readonly kind: 'delay'; readonly delayMs: DelayTime; readonly seed?: number }
  /** It waits until `setRules` takes the rule away, or its process is killed. */
  | { readonly kind: 'freeze' }
  /**
   * It fails and does nothing. A sync that fails with EIO drops what it should have covered, as
   * Linux does: reads still see it, no later sync covers it, a cut loses it.
   */
  | { readonly kind: 'error'; readonly code: FaultCode }
  /** A write takes at most so many bytes. */
  | { readonly kind: 'short-write'; readonly maxBytes: number }
  /** Files may grow by so much in all, then writes come up short and fail with ENOSPC. */
  | { readonly kind: 'full'; readonly budgetBytes: number }
  /** Whatever would change something fails with EROFS; reads and syncs go on. */
  | { readonly kind: 'read-only' }
  /** A sync answers well and does nothing. It is not in the op log: nothing happened. */
  | { readonly kind: 'lie' };

/** A fault, and the calls that it befalls. */
export interface FaultRule {
  /** Relative to the mount: `*` any but `/`, `**` any, `?` one character. Default: every path. */
  readonly paths?: string;
  /** Default: every call for which the fault makes sense. */
  readonly calls?: readonly FaultCall[];
  readonly fault: Fault;
  /** So many matching calls go by unharmed first. Default 0. */
  readonly skip?: number;
  /** Then so many are hit, and no more. Default: all. */
  readonly times?: number;
}

/** How many rules there can be at once. */
export const maxRules = 32;

/** A call that a `delay` or `freeze` holds. */
export interface HeldCall {
  readonly call: FaultCall;
  /** Relative to the mount. */
  readonly path: string;
  /** Of a rename or link, else ''. */
  readonly newPath: string;
  /** The thread that waits for it. */
  readonly pid: number;
  /** null: frozen. */
  readonly delayMs: number | null;
}

/** @throws {HarnessError} USAGE when a rule makes no sense; the message names it. */
export function checkRules(rules: readonly FaultRule[]): void {
  if (rules.length > maxRules) bad(`${rules.length} rules`, `at most ${maxRules}`);
  for (const [index, rule] of rules.entries()) {
    const where = `rule ${index + 1} (${rule.fault.kind})`;
    for (const call of rule.calls ?? []) {
      if (!faultCalls.includes(call)) bad(`${where}: call '${call}'`, faultCalls.join(', '));
    }
    checkCount(`${where}: skip`, rule.skip ?? 0);
    checkCount(`${where}: times`, rule.times ?? 1);
    checkFault(where, rule.fault);
  }
}

function checkFault(where: string, fault: Fault): void {
  switch (fault.kind) {
    case 'delay':
      return checkDelay(where, fault.delayMs);
    case 'short-write':
      if (fault.maxBytes < 1) bad(`${where}: maxBytes ${fault.maxBytes}`, 'at least 1');
      return checkCount(`${where}: maxBytes`, fault.maxBytes);
    case 'full':
      return checkCount(`${where}: budgetBytes`, fault.budgetBytes);
    case 'error':
    case 'freeze':
    case 'read-only':
    case 'lie':
      return;
    default:
      bad(`${where}`, 'delay, freeze, error, short-write, full, read-only or lie');
  }
}

function checkDelay(where: string, time: DelayTime): void {
  if (typeof time !== 'number' && !distributions.has(time.kind)) {
    bad(`${where}: delayMs of kind '${time.kind}'`, [...distributions].join(', '));
  }
  for (const [name, value] of delayNumbers(time)) checkCount(`${where}: ${name}`, value);
}

const distributions: ReadonlySet<string> = new Set(['uniform', 'exponential', 'lognormal']);

function checkCount(what: string, value: number): void {
  if (!Number.isFinite(value) || value < 0) bad(`${what} is ${value}`, 'a number ≥ 0');
}

function bad(found: string, expected: string): never {
  throw new HarnessError('USAGE', `faultfs, ${found}: expected ${expected}`);
}

/** What the client tells the process. */
export type ToFaultfs =
  | { readonly kind: 'rules'; readonly id: number; readonly rules: readonly FaultRule[] }
  | { readonly kind: 'status'; readonly id: number }
  | { readonly kind: 'unmount' };

/** What the process tells the client. */
export type FromFaultfs =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'done'; readonly id: number; readonly hits: readonly number[] }
  | { readonly kind: 'held'; readonly held: HeldCall }
  /** The mount is gone in good order; the process is about to end itself. */
  | { readonly kind: 'unmounted' };
