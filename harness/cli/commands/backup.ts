// `plugpull backup`: copies of a Redis data directory with their moment and digest in the name, in
// a folder or in S3; listed, checked, let go.

import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { pushBackup, takeBackup } from '../../backup/backup.ts';
import type { BackupSource } from '../../backup/backup.ts';
import type { Checked } from '../../backup/check.ts';
import { parseRecord, recordName, totalBytes } from '../../backup/record.ts';
import type { BackupRecord } from '../../backup/record.ts';
import { fetchAndCheck, findBackup } from '../../backup/restore.ts';
import { decide, limits } from '../../backup/retention.ts';
import type { Kept, Retention } from '../../backup/retention.ts';
import { filesOf, findData, sizeOf, usualNames } from '../../backup/source.ts';
import type { WantedForm } from '../../backup/source.ts';
import type { BackupStore } from '../../backup/stores/store.ts';
import { HarnessError } from '../../errors.ts';
import { hold } from '../../holdings/holdings.ts';
import { bytesText, countText } from '../../plan/units.ts';
import type { CliContext } from '../context.ts';
import { untilInterrupted } from '../interrupts.ts';
import { exitFail, exitPass } from '../exit-codes.ts';
import { Meter } from '../meter.ts';
import { addStoreFlags, storeHelp, storeOf } from '../stores.ts';
import type { StoreFlags } from '../stores.ts';
import { parseCount, parseNames, usage } from '../values.ts';

interface KeepFlags {
  readonly keepLast?: string;
  readonly keepHourly?: string;
  readonly keepDaily?: string;
}

interface BackupFlags extends StoreFlags, KeepFlags {
  readonly to: string;
  readonly form: string;
  readonly host: string;
  readonly port?: string;
  readonly user?: string;
  readonly dbfilename: string;
  readonly appenddirname: string;
  readonly appendfilename: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

const keepLimits = [1, 100_000] as const;

/** Adds the command with its own; `finish` takes the exit code. */
export function addBackupCommand(
  program: Command, context: CliContext, finish: (code: number) => void,
): void {
  const backup = program.command('backup')
    .description('back up a Redis data directory to a folder or to S3; list, verify, prune, push');
  addTake(backup, context, finish);
  addLook(backup, context, finish);
  addPrune(backup, context, finish);
  addPush(backup, context, finish);
  backup.addHelpText('after', `
Examples:
  plugpull backup /var/lib/redis --to /backups                  of a server that does not run
  plugpull backup --port 6379 --to /backups --keep-hourly 24    of one that does: BGSAVE
  plugpull backup --port 6379 --form aof --to s3://my/redis     its log
  plugpull backup verify s3://my/redis latest
  plugpull backup take --help                                   all flags
`);
}

function addKeepFlags(command: Command): Command {
  return command
    .optionsGroup('Which backups stay (none given: all):')
    .option('--keep-last <number>', 'the last ones')
    .option('--keep-hourly <number>', 'the newest of each of the last hours that have one (UTC)')
    .option('--keep-daily <number>', 'the newest of each of the last days that have one (UTC)');
}

function addTake(backup: Command, context: CliContext, finish: (code: number) => void): void {
  const take = backup.command('take', { isDefault: true })
    .description('take a backup; what `plugpull backup` does without another word')
    .argument('[directory]', 'the data directory; of a running server its own')
    .requiredOption('--to <store>', 'a folder, or s3://bucket/prefix')
    .option('--form <name>', 'rdb, aof, auto: the log where there is one; of a running server rdb',
      'auto')
    .option('--dry-run', 'only say what would be copied and let go')
    .option('--json', 'the record of the backup as JSON')
    .optionsGroup('Of a running server (password: REDISCLI_AUTH):')
    .option('--port <number>', 'its port')
    .option('--host <name>', 'its host', '127.0.0.1')
    .option('--user <name>', 'its user')
    .optionsGroup('Names of files, of a server that does not run:')
    .option('--dbfilename <name>', 'the snapshot', usualNames.snapshot)
    .option('--appenddirname <name>', 'the folder of the log', usualNames.logFolder)
    .option('--appendfilename <name>', 'the log', usualNames.logPrefix);
  addStoreFlags(addKeepFlags(take)).addHelpText('after', `
The backup is loaded by the bundled engine before it counts: <store>/<UTC time>-<digest>/. Of a
running server a snapshot is taken (BGSAVE); with --form aof its log is copied while automatic
rewrites are off. The directory must be reached from here.

Examples:
  plugpull backup /var/lib/redis --to /backups --keep-hourly 24 --keep-daily 7
  plugpull backup --port 6379 --to s3://my-bucket/redis --keep-daily 30
  plugpull backup --port 6379 --form aof --to /backups --dry-run
${storeHelp}`)
    .action(async (directory: string | undefined, flags: BackupFlags) => (
      finish(await takeOne(context, directory, flags))));
}

async function takeOne(
  context: CliContext, directory: string | undefined, flags: BackupFlags,
): Promise<number> {
  const retention = retentionOf(flags);
  const source = sourceOf(context, directory, flags);
  const [wanted = 'auto'] = parseNames<WantedForm>('--form', [flags.form], ['auto', 'rdb', 'aof']);
  return working(context, async ({ signal, meter }) => {
    const store = storeOf(context, flags.to, { flags, meter });
    if (flags.dryRun === true) {
      await dryRun(context, { source, wanted, store, retention, signal });
      return exitPass;
    }
    const record = await takeBackup({
      source, wanted, store, takenAt: context.now(),
      onStep: (step, bytes) => meter.step(step, bytes), say: (text) => meter.line(text),
    }, { signal, onBytes: (bytes) => meter.bytes(bytes) });
    meter.close();
    context.stdout.write(flags.json === true ? `${JSON.stringify(record, null, 2)}\n`
      : `${recordLine(record)}\n`);
    await prune(context, store, { retention, signal, isDry: false });
    return exitPass;
  });
}

function sourceOf(
  context: CliContext, directory: string | undefined, flags: BackupFlags,
): BackupSource {
  const at = directory === undefined ? null : resolve(context.cwd, directory);
  if (flags.port !== undefined) {
    const password = context.env['REDISCLI_AUTH'];
    return {
      kind: 'live', directory: at,
      server: {
        host: flags.host, port: parseCount('--port', flags.port, [1, 65_535]),
        user: flags.user ?? null, password: password === undefined || password === '' ? null
          : password,
      },
    };
  }
  if (at === null) {
    throw usage('backup: expected a data directory, or --port of a running server; found neither');
  }
  const { dbfilename: snapshot, appenddirname: logFolder, appendfilename: logPrefix } = flags;
  return { kind: 'stopped', directory: at, names: { snapshot, logFolder, logPrefix } };
}

async function dryRun(context: CliContext, { source, wanted, store, retention, signal }: {
  readonly source: BackupSource; readonly wanted: WantedForm; readonly store: BackupStore;
  readonly retention: Retention; readonly signal: AbortSignal;
}): Promise<void> {
  if (source.kind === 'stopped') {
    const files = await filesOf(source.directory, findData(source.directory, source.names, wanted));
    context.stdout.write(`would copy ${countText(files.length, 'file')},`
      + ` ${bytesText(sizeOf(source.directory, files))}, to ${store.where}: ${files.join(', ')}\n`);
  } else {
    const { host, port } = source.server;
    context.stdout.write(`would ${wanted === 'aof' ? 'copy the log of' : 'BGSAVE'} ${host}:${port}`
      + ` and store it in ${store.where}\n`);
  }
  // The one that would be taken is the newest then.
  await prune(context, store, { retention, signal, isDry: true, plusOne: context.now() });
}

function addLook(backup: Command, context: CliContext, finish: (code: number) => void): void {
  addStoreFlags(backup.command('list')
    .description('the backups of a store, oldest first')
    .argument('<store>', 'a folder, or s3://bucket/prefix')
    .option('--json', 'their records as JSON'))
    .addHelpText('after', `
Examples:
  plugpull backup list /backups
  plugpull backup list s3://my-bucket/redis --json
${storeHelp}`)
    .action(async (word: string, flags: StoreFlags & { readonly json?: boolean }) => (
      finish(await list(context, word, flags))));
  addStoreFlags(backup.command('verify')
    .description('check backups: sums, check-rdb or check-aof, DEBUG DIGEST after loading')
    .argument('<store>', 'a folder, or s3://bucket/prefix')
    .argument('[name]', 'a backup, latest, or all', 'latest'))
    .addHelpText('after', `
Exit codes: 0 all are what they say · 1 one is damaged · 69 the store cannot be read.

Examples:
  plugpull backup verify /backups all
  plugpull backup verify s3://my-bucket/redis
${storeHelp}`)
    .action(async (word: string, name: string, flags: StoreFlags) => (
      finish(await verify(context, word, { name, flags }))));
}

async function list(
  context: CliContext, word: string, flags: StoreFlags & { readonly json?: boolean },
): Promise<number> {
  return working(context, async ({ signal, meter }) => {
    const store = storeOf(context, word, { flags, meter });
    const records: BackupRecord[] = [];
    let code = exitPass;
    for (const { name, isWhole } of await store.names(signal)) {
      try {
        const text = isWhole ? await store.recordText(name, signal) : null;
        if (text === null) meter.line(`${name}: not whole, so no backup`);
        else records.push(parseRecord(text, `${store.where}/${name}`));
      } catch (error) {
        if (!(error instanceof HarnessError) || error.code === 'STORE_FAILED') throw error;
        meter.line(error.message);
        code = exitFail;
      }
    }
    context.stdout.write(flags.json === true ? `${JSON.stringify(records, null, 2)}\n`
      : records.map((record) => `${recordLine(record)}\n`).join(''));
    if (records.length === 0) meter.line(`no backups in ${store.where}`);
    return code;
  });
}

async function verify(
  context: CliContext, word: string, { name, flags }: { name: string; flags: StoreFlags },
): Promise<number> {
  return working(context, async ({ signal, meter }) => {
    const store = storeOf(context, word, { flags, meter });
    const names = name !== 'all' ? [name]
      : (await store.names(signal)).filter(({ isWhole }) => isWhole).map((each) => each.name);
    if (names.length === 0) throw usage(`${store.where}: no backups to verify`);
    let code = exitPass;
    for (const each of names) {
      try {
        const record = await findBackup(store, each, signal);
        const checked = await verifyOne(record, { store, signal, meter, flags });
        meter.close();
        context.stdout.write(`${record.name}: ${checkedText(checked)}\n`);
      } catch (error) {
        if (!(error instanceof HarnessError) || error.code !== 'BACKUP_BAD') throw error;
        meter.close();
        context.stdout.write(`${error.message}\n`);
        code = exitFail;
      }
    }
    return code;
  });
}

async function verifyOne(record: BackupRecord, { store, signal, meter, flags }: {
  readonly store: BackupStore; readonly signal: AbortSignal; readonly meter: Meter;
  readonly flags: StoreFlags;
}): Promise<Checked> {
  const folder = await mkdtemp(join(flags.staging ?? tmpdir(), 'plugpull-verify-'));
  const release = hold({ kind: 'folder', path: folder });
  try {
    return await fetchAndCheck(record, {
      store, to: folder, onStep: (step, bytes) => meter.step(step, bytes),
    }, { signal, onBytes: (bytes) => meter.bytes(bytes) });
  } finally {
    await rm(folder, { recursive: true, force: true });
    release();
  }
}

function addPrune(backup: Command, context: CliContext, finish: (code: number) => void): void {
  const command = backup.command('prune')
    .description('let old backups go')
    .argument('<store>', 'a folder, or s3://bucket/prefix')
    .option('--dry-run', 'only say which');
  addStoreFlags(addKeepFlags(command)).addHelpText('after', `
The newest backup always stays. Without a --keep flag nothing goes.

Examples:
  plugpull backup prune /backups --keep-hourly 24 --keep-daily 7 --dry-run
${storeHelp}`)
    .action(async (word: string, flags: StoreFlags & KeepFlags & { dryRun?: boolean }) => {
      const retention = retentionOf(flags);
      if (!limits(retention)) throw usage('prune: expected --keep-last, --keep-hourly or'
        + ' --keep-daily, found none');
      finish(await working(context, async ({ signal, meter }) => {
        const store = storeOf(context, word, { flags, meter });
        await prune(context, store, { retention, signal, isDry: flags.dryRun === true });
        return exitPass;
      }));
    });
}

async function prune(context: CliContext, store: BackupStore, options: {
  readonly retention: Retention; readonly signal: AbortSignal; readonly isDry: boolean;
  readonly plusOne?: Date;
}): Promise<void> {
  const { retention, signal, isDry, plusOne } = options;
  if (!limits(retention)) return;
  const [seconds = ''] = (plusOne ?? new Date(0)).toISOString().split('.');
  const added = `${seconds.replaceAll(':', '-')}Z-000000000000`;
  const names = (await store.names(signal)).filter(({ isWhole }) => isWhole)
    .map(({ name }) => name);
  const kept: Kept[] = decide(plusOne === undefined ? names : [...names, added], retention);
  for (const { name, because } of kept.filter((each) => each.name !== added)) {
    if (because.length > 0) {
      if (isDry) context.stdout.write(`would keep ${name} (${because.join(', ')})\n`);
    } else if (isDry) {
      context.stdout.write(`would let go ${name}\n`);
    } else {
      await store.remove(name, signal);
      context.stdout.write(`let go ${name}\n`);
    }
  }
}

function addPush(backup: Command, context: CliContext, finish: (code: number) => void): void {
  addStoreFlags(backup.command('push')
    .description('store a backup that lies in a folder: a copy of it, or one whose upload broke')
    .argument('<folder>', 'the folder of the backup, with its backup.json')
    .requiredOption('--to <store>', 'a folder, or s3://bucket/prefix'))
    .addHelpText('after', `
An upload that broke goes on where it was.

Examples:
  plugpull backup push /backups/2026-11-30T07-17-40Z-0f3c9a1b2d4e --to s3://my-bucket/redis
${storeHelp}`)
    .action(async (folder: string, flags: StoreFlags & { readonly to: string }) => {
      const from = resolve(context.cwd, folder);
      if (!existsSync(join(from, recordName))) {
        throw usage(`push: expected the folder of a backup, found no ${recordName} in ${from}`);
      }
      finish(await working(context, async ({ signal, meter }) => {
        const store = storeOf(context, flags.to, { flags, meter });
        const record = await pushBackup(from, {
          store, onStep: (step, bytes) => meter.step(step, bytes),
          readRecord: () => readFile(join(from, recordName), 'utf8'),
        }, { signal, onBytes: (bytes) => meter.bytes(bytes) });
        meter.close();
        context.stdout.write(`${recordLine(record)}\n`);
        return exitPass;
      }));
    });
}

function retentionOf({ keepLast, keepHourly, keepDaily }: KeepFlags): Retention {
  const count = (flag: string, text: string | undefined): number | null => (
    text === undefined ? null : parseCount(flag, text, keepLimits));
  return {
    last: count('--keep-last', keepLast), hourly: count('--keep-hourly', keepHourly),
    daily: count('--keep-daily', keepDaily),
  };
}

function recordLine(record: BackupRecord): string {
  const { name, form, files, data, server } = record;
  const what = data.kind === 'digest' ? `${countText(data.keys, 'key')}, digest ${data.digest}`
    : 'not known to the bundled engine';
  const size = `${countText(files.length, 'file')}, ${bytesText(totalBytes(record))}`;
  return `${name}  ${form.kind}  ${size}, ${what}${server === null ? '' : `, of ${server}`}`;
}

/** `whole, 12 keys, digest 0f3c…`. */
export function checkedText(checked: Checked): string {
  return checked.kind === 'equal'
    ? `whole, ${countText(checked.keys, 'key')}, digest ${checked.digest}`
    : 'files are as they were stored; their data is not known to the bundled engine'
      + ` (${checked.why})`;
}

/** Runs work that Ctrl-C ends in order; a second one ends it at once. */
export function working(
  context: CliContext,
  work: (shown: { readonly signal: AbortSignal; readonly meter: Meter }) => Promise<number>,
): Promise<number> {
  const meter = new Meter(context);
  return untilInterrupted(context, {
    onFirst: () => meter.line('stopping: nothing half is left; once more to leave at once'),
    onEnd: () => meter.close(),
  }, (signal) => work({ signal, meter }));
}
