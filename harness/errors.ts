// The closed list of what can go wrong in the harness: callers match on `code`, people read
// `message`.

/** Each code maps to one exit code, see cli/exit-codes.ts. */
export const harnessErrorCodes = [
  'USAGE', // a flag, scenario, target, directive or value is wrong: 64
  'SCENARIO_BAD', // a scenario file does not validate: 64
  'ENVIRONMENT', // this machine cannot run it (binary, port, directory, disk, memory): 69
  'TARGET_FAILED', // the server did not start or died on its own: the trial says so
  'RATE_TOO_HIGH', // the rate asked for is beyond this machine: the trial names one that is not
  'DRIVER_FAILED', // the load generator died or could not connect
  'LEDGER_BAD', // a ledger is damaged or from another version
  'RECORD_BAD', // a run record is damaged or from another version
  'BACKUP_BAD', // a backup is damaged, or is not the data it says: 1
  'BACKUP_NEWER', // a backup of a later version of Plugpull, or of the formats it holds: 69
  'STORE_FAILED', // a store of backups cannot be reached, or refuses: 69
  'INTERRUPTED', // the user pressed Ctrl-C: 130
] as const;

/** One of the documented failure codes of the harness. */
export type HarnessErrorCode = (typeof harnessErrorCodes)[number];

/** A failure that is the user's, the machine's or the target's, never a bug of ours. */
export class HarnessError extends Error {
  readonly code: HarnessErrorCode;

  constructor(code: HarnessErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'HarnessError';
    this.code = code;
  }
}

export { reasonOf } from '../engine/errors.ts';
