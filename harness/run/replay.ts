// A kept failure, judged again: its crash image is booted, read back and held against its ledger.
// Nothing of that depends on time, so what was found is found again, or has been mended.

import fs from 'node:fs';
import path from 'node:path';
import { EngineError } from '../../engine/errors.ts';
import { readOpLog } from '../../engine/io/op-log.ts';
import { releasesByClient } from '../checkers/context.ts';
import { Judge } from '../checkers/judge.ts';
import type { Judgement } from '../checkers/judgement.ts';
import { materialize, readTree } from '../crash/materialize.ts';
import { survivorsOf, recover } from './recover.ts';
import { HarnessError } from '../errors.ts';
import { readLedger } from '../history/ledger.ts';
import type { Ledger } from '../history/ledger.ts';
import { freePort } from '../targets/ports.ts';
import type { Target } from '../targets/target.ts';
import { readsOf } from '../workloads/reads.ts';
import { stop } from './judged-cut.ts';
import { readCut, readRepro } from './keep.ts';
import type { KeptCut } from './keep.ts';

/** Where and with what. */
export interface ReplayOptions {
  readonly folder: string;
  readonly target: Target;
  /** Made and removed. */
  readonly workDirectory: string;
  readonly signal: AbortSignal;
}

/**
 * Judges the kept image again; null when the failure kept none.
 * @throws {HarnessError} RECORD_BAD naming file and offset when something kept is damaged.
 */
export async function judgeKept(options: ReplayOptions): Promise<Judgement | null> {
  const { folder, target, workDirectory, signal } = options;
  const { trial } = readRepro(folder);
  const cut = readCut(folder);
  const image = path.join(folder, 'image');
  if (cut === null || !fs.existsSync(image)) return null;
  const history = historyOf(folder, cut, trial.cell.load.readShare);
  const directory = path.join(workDirectory, 'image');
  try {
    materialize(readTree(image), directory);
    const recovered = await recover(target, {
      directory, port: await freePort(), directives: trial.cell.directives, record: null, signal,
      logPath: path.join(workDirectory, 'server.log'),
    });
    try {
      const { preloadKeys, setting, crash } = trial.cell;
      const survivors = recovered.kind === 'refused' ? null
        : await survivorsOf(recovered.running, { ...history, preloadKeys });
      return new Judge(history).judge({
        ...cut.site, question: { ...setting, crash, target: trial.cell.target }, survivors,
        refusal: recovered.kind === 'refused' ? recovered.refusal : null,
      });
    } finally {
      await stop(recovered);
    }
  } finally {
    fs.rmSync(workDirectory, { recursive: true, force: true });
  }
}

function historyOf(
  folder: string, { crashed }: KeptCut, readShare: number,
): ConstructorParameters<typeof Judge>[0] {
  const ledger = ledgerIn(path.join(folder, 'ledger'));
  const { workload, clientPorts, beginNs } = crashed;
  const file = path.join(folder, 'op-log');
  if (!fs.existsSync(file)) return { workload, ledger, releases: null };
  const ofLoad = releasesIn(file).filter(({ atNs }) => atNs >= beginNs);
  const reads = readsOf(workload, readShare);
  return { workload, ledger, releases: releasesByClient(ofLoad, clientPorts, { reads }) };
}

function ledgerIn(file: string): Ledger {
  return named(file, () => readLedger(fs.readFileSync(file)));
}

function releasesIn(file: string): ReturnType<typeof readOpLog>['releases'] {
  return named(file, () => readOpLog(fs.readFileSync(file)).releases);
}

/** Says which file of the failure is damaged: its own words know only the offset. */
function named<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const isDamage = (cause instanceof HarnessError || cause instanceof EngineError);
    if (!isDamage && (cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    throw new HarnessError('RECORD_BAD', `${file}: ${(cause as Error).message}`, { cause });
  }
}
