// A journal that does what the one below it does; planted bugs override what they get wrong.

import type { CommandContext, SeenElement } from '../../../engine/commands/context.ts';
import type { Journal } from '../../../engine/persistence/appender.ts';
import type { EngineWrappers } from '../../../engine/start.ts';

type Part = string | Uint8Array;

/** Passes everything on. */
export class JournalLayer implements Journal {
  protected readonly inner: Journal;

  constructor(inner: Journal) {
    this.inner = inner;
  }

  get appended(): number {
    return this.inner.appended;
  }

  get releasable(): number {
    return this.inner.releasable;
  }

  get onRelease(): (() => void) | null {
    return this.inner.onRelease;
  }

  set onRelease(listener: (() => void) | null) {
    this.inner.onRelease = listener;
  }

  commit(): void {
    this.inner.commit();
  }

  request(databaseIndex: number, ctx: CommandContext): void {
    this.inner.request(databaseIndex, ctx);
  }

  command(databaseIndex: number, parts: readonly Part[]): void {
    this.inner.command(databaseIndex, parts);
  }

  element(name: Uint8Array, ctx: CommandContext, seen: SeenElement): void {
    this.inner.element(name, ctx, seen);
  }

  beginTransaction(): void {
    this.inner.beginTransaction();
  }

  endTransaction(): void {
    this.inner.endTransaction();
  }
}

/** Sees every logged command as its parts, and may log others in its place. */
export abstract class CommandRewriter extends JournalLayer {
  protected count = 0;

  override request(databaseIndex: number, ctx: CommandContext): void {
    this.#log(databaseIndex, partsOf(ctx), () => super.request(databaseIndex, ctx));
  }

  override command(databaseIndex: number, parts: readonly Part[]): void {
    const bytes = parts.map((part) => Buffer.from(part));
    this.#log(databaseIndex, bytes, () => super.command(databaseIndex, parts));
  }

  /** What is logged in place of a command; null: the command as it is. */
  protected abstract instead(parts: readonly Buffer[]): readonly (readonly Part[])[] | null;

  #log(databaseIndex: number, parts: readonly Buffer[], asItIs: () => void): void {
    this.count++;
    const others = this.instead(parts);
    if (others === null) asItIs();
    else for (const other of others) this.inner.command(databaseIndex, other);
  }
}

/** Lower case. */
export function nameOf(parts: readonly Buffer[]): string {
  return parts[0]?.toString('latin1').toLowerCase() ?? '';
}

/** Where the deadline of a SET stands among its parts; −1: it has none. */
export function deadlineAt(parts: readonly Buffer[]): number {
  const word = parts.findIndex((part) => part.toString('latin1').toUpperCase() === 'PXAT');
  return word < 0 ? -1 : word + 1;
}

/** Wrappers that put such a journal around the engine's. */
export function onJournal(Layer: new (inner: Journal) => JournalLayer): () => EngineWrappers {
  return () => ({ journal: (journal) => new Layer(journal) });
}

function partsOf(ctx: CommandContext): Buffer[] {
  return Array.from({ length: ctx.argc }, (_, index) => (
    Buffer.from(ctx.buffer.subarray(ctx.argStart[index], ctx.argEnd[index]))));
}
