// What a server says of itself before the load: its build and its whole configuration, kept beside
// the record; and whether it is the server that the cell is about.

import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ReplyError, RespClient } from '../drivers/resp/client.ts';
import { HarnessError } from '../errors.ts';
import type { Trial } from '../plan/plan.ts';
import { settingDirectives } from '../plan/settings.ts';
import type { Address } from '../targets/ports.ts';

const askTimeoutMs = 10_000;
const pollMs = 2;

/**
 * Asks a server that has just been started with nothing; returns the file for the record.
 * @throws {HarnessError} TARGET_FAILED when it has other settings than the cell, or data.
 */
export async function serverFacts(
  { host, port }: Address, trial: Trial, runDirectory: string,
): Promise<Record<string, string>> {
  const client = await RespClient.connect({ host, port, timeoutMs: askTimeoutMs });
  try {
    const keys = await untilLoaded(client);
    if (keys > 0) throw unfit(`expected a server without data, found ${keys} keys`);
    const config = pairsOf(await client.call('CONFIG', 'GET', '*'));
    for (const [name, asked] of settingDirectives(trial.cell.setting)) {
      const found = config[name];
      if (found === asked || found === undefined) continue;
      throw unfit(`expected ${name} '${asked}', found '${found}': it was started without the `
        + 'directives of the cell');
    }
    const build = String(await client.call('INFO', 'server'));
    return write(trial, runDirectory, { server: factsOf(build), config });
  } finally {
    client.close();
  }
}

/** Its keys, once it has loaded what it was started on: until then it answers LOADING. */
async function untilLoaded(client: RespClient): Promise<number> {
  for (;;) {
    try {
      return Number(await client.call('DBSIZE'));
    } catch (error) {
      if (!(error instanceof ReplyError) || !error.message.startsWith('LOADING')) throw error;
    }
    await sleep(pollMs);
  }
}

function write(trial: Trial, runDirectory: string, facts: object): Record<string, string> {
  const name = `servers/${trial.cell.id.replaceAll(/[^\w.-]+/g, '-')}.json`;
  fs.mkdirSync(path.join(runDirectory, 'servers'), { recursive: true });
  fs.writeFileSync(path.join(runDirectory, name), `${JSON.stringify(facts, null, 2)}\n`);
  return { server: name };
}

function pairsOf(reply: unknown): Record<string, string> {
  const words = Array.isArray(reply) ? reply.map(String) : [];
  const pairs: Record<string, string> = {};
  for (let at = 0; at + 1 < words.length; at += 2) {
    pairs[words[at] as string] = words[at + 1] as string;
  }
  return pairs;
}

/** INFO server as fields: version, build id, compiler, allocator, operating system. */
function factsOf(info: string): Record<string, string> {
  const lines = info.split('\r\n').filter((line) => /^\w+:/.test(line));
  return Object.fromEntries(lines.map((line) => {
    const at = line.indexOf(':');
    return [line.slice(0, at), line.slice(at + 1)];
  }));
}

function unfit(text: string): HarnessError {
  return new HarnessError('TARGET_FAILED', `the server is not the one to be tried: ${text}`);
}
