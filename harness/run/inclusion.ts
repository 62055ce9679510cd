// Inclusion: whatever the model `power` calls durable at the instant of a cut must be found on the
// real file system that was cut there. What is found beyond it had reached the device by writeback
// or with a commit of the journal; that is told and not judged.

import { counted, grouped } from '../checkers/judgement.ts';
import type { Finding, Judgement } from '../checkers/judgement.ts';
import type { Judge } from '../checkers/judge.ts';
import type { BlockDisk } from '../disks/disk.ts';
import { kernelPatience } from '../disks/watched-block-disk.ts';
import type { InclusionRecord } from '../report/record.ts';
import { PowerCuts } from './cuts.ts';
import type { Aftermath } from './cuts.ts';

/** How a real file system compares with the model. */
export interface Inclusion {
  readonly record: InclusionRecord;
  /** Null when it kept everything that it had to. */
  readonly finding: Finding | null;
}

/** Compares them; null when there is no op log of the run, or nothing came back to compare. */
export function inclusionOf(
  aftermath: Aftermath, { judge, judgement }: { judge: Judge; judgement: Judgement },
  disk: BlockDisk,
): Inclusion | null {
  if (disk.opLogPath === null || judgement.findings.some(({ kind }) => kind === 'refused')) {
    return null;
  }
  const { cutNs } = aftermath.crashed.injection;
  const [instant] = new PowerCuts(aftermath).curve(judge.run, [cutNs]).asked;
  if (instant === undefined || instant.refusal !== null) return null;
  const { beyondWrites, finding } = comparePrefixes(judgement.prefixes, instant.prefixes);
  const record = {
    holds: finding === null, powerLostWrites: instant.writes, beyondWrites,
    ...kernelPatience(disk.fileSystem),
  };
  return { record, finding };
}

/** What came back of each client beside what was durable of it by the model. */
export function comparePrefixes(
  found: readonly number[], durable: ArrayLike<number>,
): { readonly beyondWrites: number; readonly finding: Finding | null } {
  const more = found.map((prefix, client) => prefix - (durable[client] as number));
  const beyondWrites = more.reduce((sum, each) => sum + Math.max(0, each), 0);
  const client = more.findIndex((each) => each < 0);
  if (client < 0) return { beyondWrites, finding: null };
  const came = counted(found[client] as number, 'write');
  const text = `inclusion is broken: of client ${client} the first ${came} came back from the real `
    + `file system, although by the op log ${grouped(durable[client] as number)} were durable at `
    + 'the cut. Either the file system lost what it had synced, or Plugpull errs: please report it';
  return { beyondWrites, finding: { kind: 'floor', breaks: true, text } };
}
