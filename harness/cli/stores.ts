// Words of the command line → a store of backups: a folder, or s3://bucket/prefix with its flags.

import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { folderStore } from '../backup/stores/folder-store.ts';
import { s3Store } from '../backup/stores/s3-store.ts';
import type { BackupStore } from '../backup/stores/store.ts';
import { isS3Url, s3Settings } from '../s3/settings.ts';
import type { CliContext } from './context.ts';
import type { Meter } from './meter.ts';

/** The flags as commander hands them over. */
export interface StoreFlags {
  readonly endpoint?: string;
  readonly region?: string;
  readonly s3Style?: string;
  readonly staging?: string;
}

/** Adds the flags of stores in S3. */
export function addStoreFlags(command: Command): Command {
  return command
    .optionsGroup('Stores in S3 (s3://bucket/prefix):')
    .option('--endpoint <url>', 'also AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL')
    .option('--region <name>', 'also AWS_REGION, AWS_DEFAULT_REGION (us-east-1)')
    .option('--s3-style <style>', 'path or virtual: where the bucket stands in the URL')
    .option('--staging <folder>', 'where a backup lies on its way (default: the temporary folder)');
}

/** What the help of each of these commands ends with. */
export const storeHelp = `
Credentials come from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN. More, also on
Alibaba OSS: docs/backup.md.
`;

/**
 * The store that a word names.
 * @throws {HarnessError} USAGE.
 */
export function storeOf(
  context: CliContext, word: string, { flags, meter }: {
    readonly flags: StoreFlags; readonly meter: Meter;
  },
): BackupStore {
  if (!isS3Url(word)) return folderStore(resolve(context.cwd, word));
  const { endpoint, region, s3Style } = flags;
  const settings = s3Settings(word, {
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region === undefined ? {} : { region }),
    ...(s3Style === undefined ? {} : { style: s3Style }),
  }, context.env);
  return s3Store(settings, {
    ...context.s3, onRetry: (text) => meter.line(text),
    staging: flags.staging === undefined ? tmpdir() : resolve(context.cwd, flags.staging),
  });
}
