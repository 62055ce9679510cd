// A journal that releases only when the test says so.

import type { Journal } from '../../persistence/appender.ts';

export class HeldJournal implements Journal {
  releasable = 0;
  onRelease: (() => void) | null = null;
  private readonly inner: Journal;

  constructor(inner: Journal) {
    this.inner = inner;
  }

  get appended(): number {
    return this.inner.appended;
  }

  request(...args: Parameters<Journal['request']>): void {
    this.inner.request(...args);
  }

  command(...args: Parameters<Journal['command']>): void {
    this.inner.command(...args);
  }

  element(...args: Parameters<Journal['element']>): void {
    this.inner.element(...args);
  }

  beginTransaction(): void {
    this.inner.beginTransaction();
  }

  endTransaction(): void {
    this.inner.endTransaction();
  }

  commit(): void {
    this.inner.commit();
  }

  release(): void {
    this.releasable = this.inner.releasable;
    this.onRelease?.();
  }
}
