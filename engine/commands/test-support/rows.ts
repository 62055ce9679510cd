// What a row of the conformance table looks like, and how it is run against a server.
import { sortedItems, splitCommand } from './replies.ts';

/** Answer of one protocol: exact text, or a pattern for what differs from run to run. */
export type Expected = string | RegExp;

export interface StepOptions {
  /** The answer in RESP3 where it is not the same; `nil` and `nil*` become `_` by themselves. */
  readonly resp3?: Expected;
  /** What redis-server answers where this engine differs on purpose. */
  readonly redis?: Expected;
  /** The order of the items is free. */
  readonly sorted?: boolean;
}

/**
 * Command and answer. `@2 …` speaks on a second connection, `sleep 20` waits ms, `{now+5000}` and
 * `{nowSec+5}` stand for Unix times. No answer is expected for ''.
 */
export type Step = readonly [command: string, expected: Expected, options?: StepOptions];

export interface Row {
  readonly name: string;
  readonly steps: readonly Step[];
  /** Id of the line of COMPAT.md that explains why an answer differs from Redis'. */
  readonly compat?: string;
  /** The release of Redis that brought the commands: those after 7.0.15 run on the engine only. */
  readonly since?: string;
}

/** A row that both servers answer alike. */
export function row(name: string, ...steps: readonly Step[]): Row {
  return { name, steps };
}

/** A row where they differ for the reason that COMPAT.md gives under this id. */
export function differs(compat: string, name: string, ...steps: readonly Step[]): Row {
  return { name, steps, compat };
}

/** A row of commands that redis-server 7.0.15 has not yet. */
export function newer(since: string, name: string, ...steps: readonly Step[]): Row {
  return { name, steps, since };
}

/** A server as a row sees it. */
export interface RowServer {
  readonly isRedis: boolean;
  nowMs(): number;
  sleep(milliseconds: number): Promise<void>;
  /** `connection` counts from 1; `wantsReply` false: nothing will come back. */
  send(connection: number, parts: readonly Buffer[], wantsReply: boolean): Promise<string>;
}

/** Runs a row; returns what went wrong, one line a step. */
export async function runRow(row: Row, server: RowServer, protocol: 2 | 3): Promise<string[]> {
  const problems: string[] = [];
  for (const [command, expected, options = {}] of row.steps) {
    if (command.startsWith('sleep ')) {
      await server.sleep(Number(command.slice(6)));
      continue;
    }
    const connection = /^@(\d) /.exec(command)?.[1];
    const text = connection === undefined ? command : command.slice(3);
    const parts = splitCommand(fillTimes(text, server.nowMs()));
    const wanted = wantedAnswer(expected, options, { protocol, isRedis: server.isRedis });
    let got = await server.send(Number(connection ?? 1), parts, wanted !== '');
    if (options.sorted === true) got = sortedItems(got);
    if (!matches(got, wanted)) problems.push(problemText(row, command, { got, wanted, protocol }));
  }
  return problems;
}

function problemText(
  row: Row, command: string, found: { got: string; wanted: Expected; protocol: 2 | 3 },
): string {
  const short = (text: string): string => (text.length > 200 ? `${text.slice(0, 200)}…` : text);
  return `${row.name} (RESP${found.protocol}): ${short(command)} → ${short(found.got)}, `
    + `expected ${short(String(found.wanted))}`;
}

function fillTimes(text: string, nowMs: number): string {
  return text
    .replaceAll(/\{now([+-]\d+)?\}/g, (_, delta: string | undefined) =>
      String(nowMs + Number(delta ?? 0)))
    .replaceAll(/\{nowSec([+-]\d+)?\}/g, (_, delta: string | undefined) =>
      String(Math.floor(nowMs / 1000) + Number(delta ?? 0)));
}

function wantedAnswer(
  expected: Expected, options: StepOptions, where: { protocol: 2 | 3; isRedis: boolean },
): Expected {
  if (where.isRedis && options.redis !== undefined) return options.redis;
  if (where.protocol === 2) return expected;
  if (options.resp3 !== undefined) return options.resp3;
  return typeof expected === 'string' ? expected.replaceAll(/\bnil\b\*?/g, '_') : expected;
}

function matches(got: string, wanted: Expected): boolean {
  return typeof wanted === 'string' ? got === wanted : wanted.test(got);
}
