// A server's words: all of them in a file, the last of them in memory.

import fs from 'node:fs';
import type { Readable } from 'node:stream';

const keptLines = 200;
const longestLine = 2000;

/** Appends a process's output to a file and keeps its last lines. */
export class LogFile {
  readonly path: string;
  readonly #fd: number;
  #lines: string[] = [];
  #openStreams = 0;
  #partial = '';
  #loadingMs: number | null = null;
  #closed = false;

  constructor(path: string) {
    this.path = path;
    this.#fd = fs.openSync(path, 'a');
  }

  /** Takes everything that comes out of a stream until it ends. */
  follow(stream: Readable): void {
    this.#openStreams++;
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => this.add(text));
    stream.on('error', () => {});
    stream.once('close', () => {
      this.#openStreams--;
      if (this.#openStreams === 0) this.close();
    });
  }

  /** Takes a piece of output. */
  add(text: string): void {
    if (!this.#closed) fs.writeSync(this.#fd, text);
    const lines = (this.#partial + text).split('\n');
    this.#partial = (lines.pop() ?? '').slice(-longestLine);
    for (const line of lines) this.#keep(line);
  }

  /** The last lines, oldest first, the unfinished one included. */
  tail(lines: number): string[] {
    const all = this.#partial === '' ? this.#lines : [...this.#lines, this.#partial];
    return all.slice(-lines);
  }

  /** Loading time that the server stated last, in milliseconds; null when it has not. */
  get loadingMs(): number | null {
    return this.#loadingMs;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    fs.closeSync(this.#fd);
  }

  #keep(line: string): void {
    const trimmed = line.trimEnd().slice(0, longestLine);
    if (trimmed === '') return;
    this.#loadingMs = parseLoadingMs(trimmed) ?? this.#loadingMs;
    this.#lines.push(trimmed);
    if (this.#lines.length > 2 * keptLines) this.#lines = this.#lines.slice(-keptLines);
  }
}

/**
 * Reads "DB loaded from disk: 0.123 seconds", "DB loaded from append only file: 0.123 seconds" and
 * the like; null for any other line. Per-file lines ("DB loaded from base file …", "… incr file …")
 * are parts of that total and do not count.
 */
export function parseLoadingMs(line: string): number | null {
  const match = /DB loaded from (?:disk|append only file): ([0-9.]+) seconds/.exec(line);
  return match === null ? null : Number(match[1]) * 1000;
}
