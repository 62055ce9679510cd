// `plugpull restore`: a backup back into an empty data directory, checked before it is there.

import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { DataForm } from '../../backup/loading/messages.ts';
import { totalBytes } from '../../backup/record.ts';
import { checkEmpty, findBackup, restoreBackup } from '../../backup/restore.ts';
import { bytesText, countText } from '../../plan/units.ts';
import type { CliContext } from '../context.ts';
import { exitPass } from '../exit-codes.ts';
import { addStoreFlags, storeHelp, storeOf } from '../stores.ts';
import type { StoreFlags } from '../stores.ts';
import { checkedText, working } from './backup.ts';

interface RestoreFlags extends StoreFlags {
  readonly from: string;
  readonly backup: string;
  readonly dryRun?: boolean;
}

/** Adds the command; `finish` takes its exit code. */
export function addRestoreCommand(
  program: Command, context: CliContext, finish: (code: number) => void,
): void {
  addStoreFlags(program.command('restore')
    .description('bring a backup back into an empty data directory')
    .argument('<directory>', 'an empty folder, or one that does not exist yet')
    .requiredOption('--from <store>', 'a folder, or s3://bucket/prefix')
    .option('--backup <name>', 'which; see plugpull backup list', 'latest')
    .option('--dry-run', 'only say what would be restored'))
    .addHelpText('after', `
What is restored is loaded by the bundled engine, and its digest compared, before it is put in
place. A download that broke goes on when the same command is given again.

Exit codes: 1 the backup is damaged · 64 the folder is not empty, no such backup · 69 the store
cannot be read, the backup is of a newer version.

Examples:
  plugpull restore /var/lib/redis --from /backups
  plugpull restore ./data --from s3://my-bucket/redis --backup 2026-11-30T07-17-40Z-0f3c9a1b2d4e
${storeHelp}`)
    .action(async (directory: string, flags: RestoreFlags) => (
      finish(await restore(context, resolve(context.cwd, directory), flags))));
}

function restore(context: CliContext, directory: string, flags: RestoreFlags): Promise<number> {
  return working(context, async ({ signal, meter }) => {
    const store = storeOf(context, flags.from, { flags, meter });
    await checkEmpty(directory);
    const found = await findBackup(store, flags.backup, signal);
    if (flags.dryRun === true) {
      context.stdout.write(`would restore ${found.name}, ${countText(found.files.length, 'file')},`
        + ` ${bytesText(totalBytes(found))}, to ${directory}\n`);
      return exitPass;
    }
    const { record, checked } = await restoreBackup(found, {
      store, directory, onStep: (step, bytes) => meter.step(step, bytes),
    }, { signal, onBytes: (bytes) => meter.bytes(bytes) });
    meter.close();
    context.stdout.write(`${record.name}: ${checkedText(checked)}\n`
      + `restored to ${directory}; start the server with ${startWords(record.form)}\n`);
    return exitPass;
  });
}

/** What makes a server read these files: with a log on it would leave a snapshot aside. */
function startWords(form: DataForm): string {
  switch (form.kind) {
    case 'rdb': return `--appendonly no --dbfilename ${form.fileName} (CONFIG SET appendonly yes`
      + ' afterwards, if a log is wanted)';
    case 'aof': return `--appendonly yes --appenddirname ${form.folderName} --appendfilename`
      + ` ${form.prefix}`;
    case 'single-aof': return `--appendonly yes --appendfilename ${form.fileName}`;
  }
}
