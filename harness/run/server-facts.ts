// What a server says of itself before the load: its build and its whole configuration, kept beside
// the record; and whether it is the server that the cell is about.

import fs from 'node:fs';
import path from 'node:path';
import { RespClient } from '../drivers/resp/client.ts';
import { infoFields } from '../drivers/resp/info.ts';
import { HarnessError } from '../errors.ts';
import type { Trial } from '../plan/plan.ts';
import { settingDirectives } from '../plan/settings.ts';
import type { Address } from '../targets/ports.ts';

const askTimeoutMs = 10_000;

/**
 * Asks a server that serves and was started with nothing; returns the file for the record.
 * @throws {HarnessError} TARGET_FAILED when it has other settings than the cell, or data.
 */
export async function serverFacts(
  { host, port }: Address, trial: Trial, runDirectory: string,
): Promise<Record<string, string>> {
  const client = await RespClient.connect({ host, port, timeoutMs: askTimeoutMs });
  try {
    const keys = Number(await client.call('DBSIZE'));
    if (keys > 0) throw unfit(`expected a server without data, found ${keys} keys`);
    const config = pairsOf(await client.call('CONFIG', 'GET', '*'));
    for (const [name, asked] of settingDirectives(trial.cell.setting)) {
      const found = config[name];
      if (found === asked || found === undefined) continue;
      throw unfit(`expected ${name} '${asked}', found '${found}': it was started without the `
        + 'directives of the cell');
    }
    const server = Object.fromEntries(await infoFields(client, 'server'));
    return write(trial, runDirectory, { server, config });
  } finally {
    client.close();
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

function unfit(text: string): HarnessError {
  return new HarnessError('TARGET_FAILED', `the server is not the one to be tried: ${text}`);
}
