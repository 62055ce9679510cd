// Claim 12: what a large log costs clients, while it is rewritten and after it.

import {
  bytesText, defineClaim, doesNotHold, groupedText, holds, inconclusive, shareText,
} from '../../harness/index.ts';
import type { Claim, Judgement, Lab, Shown } from '../../harness/index.ts';
import { sets } from './support.ts';
import { busyWords, costFacts, costOf, costText, isBusy, isLittle } from './work-under-load.ts';
import type { WorkCost } from './work-under-load.ts';

/** Cost of the rewrite, and what it made of a log that wrote each key ten times. */
export interface Figures {
  readonly cost: WorkCost | null;
  readonly commands: number;
  readonly aofBytes: number;
  readonly rewrittenBytes: number;
}

interface Parameters {
  readonly keys: number;
  readonly trials: number;
  readonly ratePerSecond: number;
}

const rounds = 10;

async function measure(lab: Lab, parameters: Parameters): Promise<Figures> {
  const cost = await costOf(lab, 'bgrewriteaof', parameters);
  const keys = Math.round(parameters.keys / rounds);
  const server = await lab.start({ directory: lab.folder(), setting: 'aof/everysec' });
  for (let round = 0; round < rounds; round++) await server.send(sets('k', [0, keys], 100));
  const { aofBytes } = lab.bytes(server.directory);
  await server.finish('BGREWRITEAOF');
  const rewrittenBytes = lab.bytes(server.directory).aofBytes;
  await server.kill();
  return { cost, commands: rounds * keys, aofBytes, rewrittenBytes };
}

/** Little effect under load, and a log that is smaller afterwards. */
export function judge({ cost, aofBytes, rewrittenBytes }: Figures): Judgement {
  if (cost === null) return inconclusive('not measured', 'The load was not measured.');
  const share = rewrittenBytes / aofBytes;
  const decisive = `${costText(cost)}; ${bytesText(aofBytes)} → ${bytesText(rewrittenBytes)}`;
  if (share > 0.9) {
    return doesNotHold({ decisive, instead: 'The rewrite did not make the log smaller.' });
  }
  if (isBusy(cost)) return inconclusive(decisive, busyWords);
  if (isLittle(cost)) return holds(decisive);
  return doesNotHold({
    decisive,
    instead: `The rewrite compresses the log (to ${shareText(share)}), and clients feel it: while `
      + 'it runs, their rate or tail changes by more than little.',
  });
}

function show({ cost, commands, aofBytes, rewrittenBytes }: Figures): Shown {
  return {
    facts: [
      ...(cost === null ? [] : costFacts(cost)),
      ['a log of so many commands, ten for each key', groupedText(commands)],
      ['its size before → after', `${bytesText(aofBytes)} → ${bytesText(rewrittenBytes)}`],
    ],
    chart: cost === null ? null : {
      title: 'p99 of replies around a rewrite', unit: 'ms',
      bars: [
        { label: 'before', value: cost.p99BeforeUs / 1000 },
        { label: 'during the rewrite', value: cost.p99DuringUs / 1000 },
        { label: 'worst 100 ms before', value: cost.worstP99BeforeUs / 1000 },
        { label: 'worst 100 ms during it', value: cost.worstP99DuringUs / 1000 },
      ],
    },
  };
}

const claim: Claim = defineClaim<Figures, Parameters>({
  number: 12,
  name: 'rewrite-cost',
  sentence: 'Even a large AOF hardly affects clients, since rewriting in the background compresses '
    + 'and merges it.',
  statedIn: 'redis.io, "Redis persistence", log rewriting; textbooks',
  refutedBy: 'a rate below 95 % or a p99 above three times that before the rewrite; a log that is '
    + 'not smaller after it',
  measured: 'an open loop before and during BGREWRITEAOF; the size of a log that wrote each key '
    + 'ten '
    + 'times, before and after a rewrite',
  estimatedMs: { quick: 25_000, nightly: 240_000 },
  parameters: {
    quick: { keys: 150_000, trials: 3, ratePerSecond: 4000 },
    nightly: { keys: 1_000_000, trials: 9, ratePerSecond: 10_000 },
  },
  measure,
  judge,
  show,
});

export default claim;
