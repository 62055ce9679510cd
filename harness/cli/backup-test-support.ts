// Data directories, stores and command lines of the tests of backup and restore.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { startS3Server } from '../s3/own-server/server.ts';
import type { ServerOptions, TestServer } from '../s3/own-server/server.ts';
import { cli } from './test-support.ts';
import type { Outcome, Setup } from './test-support.ts';

/** Keys of the server of our own; they must show up nowhere. */
export const secrets: readonly string[] = [
  'AKIAPLUGPULLTEST', 'the/secret+of=this-test-0123456789', 'a-session-token-that-is-secret',
];
const [accessKeyId = '', secretAccessKey = '', sessionToken = ''] = secrets;

/** One command as a log holds it. */
export function command(...words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => (
    `$${Buffer.byteLength(word)}\r\n${word}\r\n`)).join('')}`;
}

/** Files below a folder as a table: path → content. */
export function filesIn(folder: string): Record<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return Object.fromEntries(entries.filter((entry) => entry.isFile()).map((entry) => {
    const path = join(entry.parentPath, entry.name);
    return [path.slice(folder.length + 1), readFileSync(path, 'latin1')];
  }));
}

/** Writes such a table. */
export function writeFiles(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content, 'latin1');
  }
}

/** A data directory with a log of so many writes, about 110 bytes each. */
export function logOf(writes: number, more = ''): Record<string, string> {
  const sets = Array.from({ length: writes }, (_, at) => (
    command('SET', `key:${at}`, `${at}`.padStart(80, '.'))));
  return {
    'appendonlydir/appendonly.aof.manifest':
      'file appendonly.aof.1.base.aof seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n',
    'appendonlydir/appendonly.aof.1.base.aof': command('SELECT', '0') + command('SET', 'a', '1'),
    'appendonlydir/appendonly.aof.1.incr.aof': command('SELECT', '0') + sets.join('')
      + command('RPUSH', 'list', 'x', 'y') + command('SET', 'brief', 'v', 'PXAT', '1764000000000')
      + more,
  };
}

/** A server of S3 with the bucket `bucket`. */
export async function s3ServerFor(
  t: ExecutionContext, options: Partial<ServerOptions> = {},
): Promise<TestServer> {
  const server = await startS3Server({
    bucket: 'bucket', accessKeyId, secretAccessKey, sessionToken, pageKeys: 2, ...options,
  });
  t.teardown(() => server.close());
  return server;
}

/** Runs a command line that may reach that server; no secret may show, also when it fails. */
export async function withS3(
  t: ExecutionContext, server: TestServer,
  { argv, ...setup }: Setup & { readonly argv: readonly string[] },
): Promise<Outcome> {
  const outcome = await cli(argv, {
    s3: { partBytes: 32_768, retries: { count: 2, firstWaitMs: 1, maxWaitMs: 2 } },
    ...setup,
    env: {
      PLUGPULL_DEBUG: '1', AWS_ENDPOINT_URL: server.endpoint, AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken, ...setup.env,
    },
  });
  const stored = [...server.objects].map(([key, bytes]) => key + bytes.toString('latin1')).join();
  const shown = outcome.stdout + outcome.stderr + stored
    + JSON.stringify(filesIn(setup.cwd));
  for (const secret of [...secrets, ...Object.values(setup.env ?? {})]) {
    if (secret.length > 6) t.false(shown.includes(secret), `${secret} in ${shown.slice(0, 2000)}`);
  }
  return outcome;
}
