// Claim 10: how fast a log is written, and what a crash amid an append leaves of it.

import fs from 'node:fs';
import {
  defineClaim, doesNotHold, holds, holdsWithin, inconclusive, roundedText, significant,
} from '../../harness/index.ts';
import type { Claim, Judgement, Lab, Shown } from '../../harness/index.ts';
import { cellOf, lastLogFile, rateRatio, ratioText, sets } from './support.ts';
import type { Spread } from './support.ts';

/** What became of logs that were damaged in one way. */
export interface Damage {
  readonly kind: string;
  readonly tried: number;
  /** The server started by itself, on everything before the damage. */
  readonly healed: number;
  /** It did so after check-aof --fix. */
  readonly repaired: number;
  /** Neither, or not everything before the damage was there. */
  readonly broken: number;
  /** Most commands lost that lay whole before the damage. */
  readonly mostLost: number;
}

/** Damages, torn power cuts, rates. */
export interface Figures {
  readonly damages: readonly Damage[];
  /**
   * Instants of torn power cuts, promises broken in them, and starts that were refused until
   * somebody repairs the log; null: none could be made.
   */
  readonly torn: {
    readonly instants: number; readonly broken: number; readonly refused: number;
  } | null;
  /** With everysec ÷ without persistence, trial by trial. */
  readonly rate: Spread | null;
  readonly writesPerSecond: number;
}

interface Parameters {
  readonly keys: number;
  readonly cuts: number;
  readonly trials: number;
  readonly images: number;
}

/** High write performance: at least half of what the server writes without persistence. */
const highRate = 0.5;
const setting = 'aof/everysec' as const;
/** Commands at the end of the log that were sent alone, so that the cut hits single ones. */
const alone = 50;

async function measure(lab: Lab, parameters: Parameters): Promise<Figures> {
  const { keys, cuts, trials, images } = parameters;
  const damages = await tryDamages(lab, { keys, cuts });
  const { cells: torn } = await lab.run({
    name: 'claim-torn-log', measures: ['loss'], settings: [setting], crash: ['power-torn'], images,
    load: { mix: 'chaos', warmupMs: 0, durationMs: 1200, clients: 8, pipeline: 2, keys: 2000 },
  });
  const { cells } = await lab.run({
    name: 'claim-append-rate', measures: ['qps'], settings: ['none', setting], crash: ['process'],
    trials,
    load: { mix: 'set', warmupMs: 200, durationMs: 1200, clients: 50, pipeline: 1, keys: 20_000 },
  });
  const [none, log] = [cellOf(cells, 'none'), cellOf(cells, setting)];
  return {
    damages,
    torn: torn.length === 0 ? null : {
      instants: torn.reduce((sum, { loss }) => sum + (loss?.instants ?? 0), 0),
      broken: torn.flatMap(({ findings }) => findings)
        .filter(({ breaks, kind }) => breaks && kind !== 'refused').length,
      refused: torn.flatMap(({ findings }) => findings)
        .filter(({ kind }) => kind === 'refused').length,
    },
    rate: none === undefined || log === undefined ? null : rateRatio(none, log),
    writesPerSecond: log?.qps?.median ?? 0,
  };
}

type Harm = readonly [kind: string, file: (whole: Buffer, at: number) => Buffer];

/** What is left of the file when its last `at` bytes are hit. */
const harms: readonly Harm[] = [
  ['cut', (whole, at) => whole.subarray(0, whole.length - at)],
  ['zeros behind it', (whole, at) => Buffer.concat([
    whole.subarray(0, whole.length - at), Buffer.alloc(512)])],
  ['garbage behind it', (whole, at) => Buffer.concat([
    whole.subarray(0, whole.length - at), Buffer.alloc(64, 0xa5)])],
];

async function tryDamages(
  lab: Lab, { keys, cuts }: Pick<Parameters, 'keys' | 'cuts'>,
): Promise<Damage[]> {
  const server = await lab.start({ directory: lab.folder(), setting });
  await server.send(sets('k', [0, keys - alone]));
  const sizes: number[] = [];
  const file = lastLogFile(server.directory);
  for (const command of sets('k', [keys - alone, keys])) {
    await server.call(...command);
    sizes.push(fs.statSync(file).size);
  }
  await server.kill();
  const whole = fs.readFileSync(file);
  const tailBytes = whole.length - (sizes[0] ?? 0);
  const damages: Damage[] = [];
  for (const [kind, harm] of harms) {
    const count = kind === 'cut' ? cuts : Math.ceil(cuts / 3);
    const seen = { healed: 0, repaired: 0, broken: 0, mostLost: 0 };
    for (let at = 0; at < count; at++) {
      const cut = 1 + Math.floor(lab.draw(kind, at) * (tailBytes - 1));
      const left = harm(whole, cut);
      const wholeKeys = keys - alone
        + sizes.filter((size) => size <= whole.length - cut).length;
      const outcome = await boot(lab, server.directory, { left, wholeKeys });
      seen[outcome.kind] += 1;
      seen.mostLost = Math.max(seen.mostLost, outcome.lost);
    }
    damages.push({ kind, tried: count, ...seen });
  }
  return damages;
}

async function boot(
  lab: Lab, source: string, { left, wholeKeys }: { left: Buffer; wholeKeys: number },
): Promise<{ kind: 'healed' | 'repaired' | 'broken'; lost: number }> {
  const directory = lab.folder(source);
  fs.writeFileSync(lastLogFile(directory), left);
  let started = await lab.tryStart({ directory, setting });
  let kind: 'healed' | 'repaired' = 'healed';
  if (started.kind === 'refused') {
    await lab.checkLog(`${directory}/appendonlydir`, { fix: true });
    started = await lab.tryStart({ directory, setting });
    kind = 'repaired';
  }
  if (started.kind === 'refused') return { kind: 'broken', lost: wholeKeys };
  const { server } = started;
  const keys = await server.keys();
  const isPrefix = await server.call('EXISTS', `k:${keys - 1}`) === 1
    && await server.call('EXISTS', `k:${keys}`) === 0;
  await server.kill();
  return { kind: isPrefix && keys >= wholeKeys ? kind : 'broken', lost: wholeKeys - keys };
}

/** Any log that cannot be brought back, or lost more than its tail, refutes it. */
export function judge({ damages, torn, rate }: Figures): Judgement {
  const sum = (of: 'tried' | 'healed' | 'repaired' | 'broken'): number => (
    damages.reduce((total, each) => total + each[of], 0));
  const decisive = `${sum('healed')} of ${sum('tried')} damaged tails healed by the server, ${
    sum('repaired')} by check-aof, ${sum('broken')} not; rate ${
    rate === null ? 'not measured' : ratioText(rate)} that without a log`;
  if (sum('broken') > 0 || (torn?.broken ?? 0) > 0) {
    return doesNotHold({
      decisive, instead: sum('broken') > 0
        ? 'Some damaged tails could not be repaired without losing more than the tail.'
        : 'A torn power cut broke a promise.',
    });
  }
  if (rate === null) return inconclusive(decisive, 'The write rate was not measured.');
  if (rate.low >= highRate && (torn?.refused ?? 0) > 0) {
    return holdsWithin('a repair by hand', {
      decisive: `${decisive}; a torn power cut was refused`,
      instead: 'A torn tail damages nothing before it, but the server does not start on every one '
        + 'by itself: check-aof --fix cuts it.',
    });
  }
  if (rate.low >= highRate) return holds(decisive);
  if (rate.high >= highRate) {
    return inconclusive(decisive, 'The rates spread too widely: try a quieter machine or --profile '
      + 'nightly.');
  }
  return holdsWithin('its second half', {
    decisive,
    instead: `A damaged tail can be repaired, but with a log the server wrote ${
      significant(100 * rate.median)} % of what it writes without one.`,
  });
}

function show({ damages, torn, rate, writesPerSecond }: Figures): Shown {
  return {
    facts: [
      ...damages.map(({ kind, tried, healed, repaired, broken, mostLost }) => [
        `tail: ${kind}`, `${tried} tried, ${healed} healed by the server, ${repaired} by check-aof `
          + `--fix, ${broken} not; at most ${mostLost} whole commands lost`,
      ] as const),
      ['torn power cuts', torn === null ? 'not possible on this machine'
        : `${torn.instants} instants judged, ${torn.broken} promises broken, ${
          torn.refused} starts refused`],
      ['writes a second with everysec', roundedText(writesPerSecond)],
      ['of the rate without persistence', rate === null ? 'not measured' : ratioText(rate)],
    ],
    chart: {
      title: 'What became of logs with a damaged tail', unit: 'count',
      bars: damages.flatMap(({ kind, healed, repaired, broken }) => [
        { label: `${kind}: healed by the server`, value: healed },
        { label: `${kind}: by check-aof --fix`, value: repaired },
        { label: `${kind}: not`, value: broken },
      ]),
    },
  };
}

const claim: Claim = defineClaim<Figures, Parameters>({
  number: 10,
  name: 'log-damage',
  sentence: 'Append-only files have high write performance and are hard to corrupt: a crash in the '
    + 'middle of an append damages at most the tail, which can be repaired.',
  statedIn: 'redis.io, "Redis persistence", advantages of the AOF; textbooks',
  refutedBy: 'a log with a damaged tail that loses a whole command before it or cannot be '
    + 'repaired; '
    + 'a rate below half of that without persistence',
  measured: 'logs cut at seeded bytes, with zeros and with garbage behind the cut, started, '
    + 'repaired '
    + 'by check-aof --fix where the server refuses; torn power cuts; write rate with everysec',
  estimatedMs: { quick: 35_000, nightly: 400_000 },
  parameters: {
    quick: { keys: 5000, cuts: 12, trials: 3, images: 8 },
    nightly: { keys: 100_000, cuts: 300, trials: 15, images: 200 },
  },
  measure,
  judge,
  show,
});

export default claim;
