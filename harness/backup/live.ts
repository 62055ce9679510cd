// The data of a server that runs. A snapshot: BGSAVE, and then the file, which a later one would
// replace and never change. The log, as Redis' documentation says: automatic rewrites off, wait for
// one under way, copy, automatic rewrites back to what they were.

import { statSync } from 'node:fs';
import { readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { HarnessError } from '../errors.ts';
import { ReplyError, RespClient } from '../drivers/resp/client.ts';
import { copyBytes, unlessInterrupted } from './files.ts';
import type { Work } from './files.ts';
import type { DataForm } from './loading/messages.ts';
import { copyGrowing, findData, usualNames } from './source.ts';
import type { Names, WantedForm } from './source.ts';

/** Where the server is and as whom to ask it. */
export interface LiveServer {
  readonly host: string;
  readonly port: number;
  readonly user: string | null;
  /** From REDISCLI_AUTH. */
  readonly password: string | null;
}

/** What was copied of it. */
export interface LiveCopy {
  readonly form: DataForm;
  /** `redis 7.0.15`. */
  readonly server: string;
}

const pollMs = 50;
const copyTries = 3;
const rewriteDirective = 'auto-aof-rewrite-percentage';

/**
 * Copies the data of a running server to a folder.
 * @throws {HarnessError} TARGET_FAILED, USAGE, ENVIRONMENT, INTERRUPTED.
 */
export async function copyLive(
  live: LiveServer,
  options: { readonly directory: string | null; readonly to: string; readonly wanted: WantedForm;
    readonly say: (text: string) => void },
  work: Work,
): Promise<LiveCopy> {
  const client = await connect(live);
  try {
    const directory = await directoryOf(client, options.directory);
    const names = await namesOf(client);
    const server = await serverOf(client);
    const parts = { client, directory, to: options.to, say: options.say };
    if (options.wanted === 'aof') {
      const form = findData(directory, names, 'aof');
      await copyLog(parts, form, work);
      return { form, server };
    }
    const form: DataForm = { kind: 'rdb', fileName: names.snapshot };
    await copySnapshot(parts, form, work);
    return { form, server };
  } catch (error) {
    throw error instanceof ReplyError
      ? new HarnessError('TARGET_FAILED', `${live.host}:${live.port} refuses: ${error.message}`)
      : error;
  } finally {
    client.close();
  }
}

interface Parts {
  readonly client: RespClient;
  readonly directory: string;
  readonly to: string;
  readonly say: (text: string) => void;
}

async function connect({ host, port, user, password }: LiveServer): Promise<RespClient> {
  const client = await RespClient.connect({ host, port, timeoutMs: 60_000 });
  if (password === null) return client;
  try {
    await client.call(...(user === null ? ['AUTH', password] : ['AUTH', user, password]));
    return client;
  } catch (error) {
    client.close();
    // Not the words of the error: some servers repeat what they were sent.
    throw new HarnessError('TARGET_FAILED', `${host}:${port} refuses the password in REDISCLI_AUTH`
      + `${user === null ? '' : ` for ${user}`}`, { cause: error instanceof ReplyError ? undefined
      : error });
  }
}

async function copySnapshot(parts: Parts, form: DataForm, work: Work): Promise<void> {
  const { client, directory, to, say } = parts;
  await until(client, 'rdb_bgsave_in_progress', work);
  const startedMs = Date.now();
  await client.call('BGSAVE');
  say('BGSAVE');
  await until(client, 'rdb_bgsave_in_progress', work);
  const info = await infoOf(client);
  if (info.get('rdb_last_bgsave_status') !== 'ok') {
    throw new HarnessError('TARGET_FAILED', 'BGSAVE failed; the log of the server says why');
  }
  const file = form.kind === 'aof' ? '' : form.fileName;
  const from = path.join(directory, file);
  const stat = statSync(from, { throwIfNoEntry: false });
  // Two seconds: some file systems keep times no finer.
  if (stat === undefined || stat.mtimeMs < startedMs - 2000) {
    throw new HarnessError('USAGE', `${from} is not the snapshot that the server has just written;`
      + ' name the folder in which its data directory is reached from here');
  }
  await copyBytes(from, path.join(to, file), work);
}

async function copyLog(parts: Parts, form: DataForm, work: Work): Promise<void> {
  const { client, directory, to, say } = parts;
  const before = await configOf(client, rewriteDirective);
  if (before === null) {
    throw new HarnessError('TARGET_FAILED', `CONFIG GET ${rewriteDirective}: no answer, so rewrites`
      + ' cannot be kept off while the log is copied; use --form rdb');
  }
  say(`${rewriteDirective} 0 until the copy is made (it is ${before})`);
  await client.call('CONFIG', 'SET', rewriteDirective, '0');
  try {
    for (let tried = 1; ; tried++) {
      await until(client, 'aof_rewrite_in_progress', work);
      if (await copyGrowing(directory, { form, to: path.join(to, `try-${tried}`) }, work)) {
        return await useTry(to, tried);
      }
      if (tried === copyTries) {
        throw new HarnessError('ENVIRONMENT', `the log was rewritten ${copyTries} times while it`
          + ' was copied; stop whoever sends BGREWRITEAOF, and try again');
      }
    }
  } finally {
    await client.call('CONFIG', 'SET', rewriteDirective, before);
  }
}

/** The copy that was made undisturbed becomes the data; those before it go. */
async function useTry(to: string, tried: number): Promise<void> {
  for (const entry of await readdir(path.join(to, `try-${tried}`))) {
    await rename(path.join(to, `try-${tried}`, entry), path.join(to, entry));
  }
  for (let each = 1; each <= tried; each++) {
    await rm(path.join(to, `try-${each}`), { recursive: true, force: true });
  }
}

async function until(client: RespClient, field: string, { signal }: Work): Promise<void> {
  while ((await infoOf(client)).get(field) === '1') {
    unlessInterrupted(signal);
    await sleep(pollMs);
  }
}

async function infoOf(client: RespClient, section = 'persistence'): Promise<Map<string, string>> {
  const text = String(await client.call('INFO', section));
  return new Map(text.split('\r\n').flatMap((line) => {
    const at = line.indexOf(':');
    return at < 1 ? [] : [[line.slice(0, at), line.slice(at + 1)] as const];
  }));
}

async function configOf(client: RespClient, name: string): Promise<string | null> {
  const reply = await client.call('CONFIG', 'GET', name);
  const value = Array.isArray(reply) ? reply[1] : null;
  return value === null || value === undefined ? null : String(value);
}

async function namesOf(client: RespClient): Promise<Names> {
  return {
    snapshot: await configOf(client, 'dbfilename') ?? usualNames.snapshot,
    logFolder: await configOf(client, 'appenddirname') ?? usualNames.logFolder,
    logPrefix: await configOf(client, 'appendfilename') ?? usualNames.logPrefix,
  };
}

async function serverOf(client: RespClient): Promise<string> {
  const info = await infoOf(client, 'server');
  const version = info.get('valkey_version');
  return version === undefined ? `redis ${info.get('redis_version') ?? '?'}` : `valkey ${version}`;
}

async function directoryOf(client: RespClient, given: string | null): Promise<string> {
  const directory = given ?? await configOf(client, 'dir');
  if (directory === null || statSync(directory, { throwIfNoEntry: false }) === undefined) {
    throw new HarnessError('USAGE', `the server keeps its data in ${directory ?? 'a folder that it'
      + ' does not tell'}, which is not here; name the folder in which it is reached from here`);
  }
  return directory;
}
