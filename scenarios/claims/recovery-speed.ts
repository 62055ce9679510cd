// Claim 6: time to serve again from a snapshot and from logs of the same data.

import {
  defineClaim, doesNotHold, durationText, holds, holdsWithin, inconclusive, significant,
} from '../../harness/index.ts';
import type { Claim, Judgement, Lab, SettingLabel, Shown } from '../../harness/index.ts';
import { sets, spreadOf } from './support.ts';
import type { Spread } from './support.ts';

/** What a server starts from. */
export const forms = [
  'nothing', 'snapshot', 'log', 'log, rewritten', 'log, 3 × overwritten',
] as const;
type Form = (typeof forms)[number];

/** From spawn to the first answered write, ms. */
export interface Figures {
  readonly keys: number;
  readonly readyMs: Readonly<Record<Form, Spread>>;
}

/** Slower by this much and yet not beyond the spread of starts: nothing can be said. */
const unsureRatio = 1.3;

interface Parameters {
  readonly keys: number;
  readonly starts: number;
}

const log = 'aof/everysec' as const;
const settings: Readonly<Record<Form, SettingLabel>> = {
  'nothing': 'rdb', 'snapshot': 'rdb', 'log': log, 'log, rewritten': log,
  'log, 3 × overwritten': log,
};

async function measure(lab: Lab, { keys, starts }: Parameters): Promise<Figures> {
  const directories = new Map<Form, string>();
  for (const form of forms) {
    directories.set(form, await prepare(lab, form, keys));
    lab.say(`files made: ${form}`);
  }
  const times = new Map<Form, number[]>(forms.map((form) => [form, []]));
  // In turns, so that drift of the machine hits all alike; the first start warms the cache.
  for (let at = 0; at <= starts; at++) {
    for (const form of forms) {
      const server = await lab.start({
        directory: directories.get(form) ?? lab.folder(), setting: settings[form],
      });
      if (at > 0) times.get(form)?.push(server.readyMs);
      await server.kill();
    }
  }
  const readyMs = Object.fromEntries(forms.map((form) => (
    [form, spreadOf(times.get(form) ?? [])]))) as Figures['readyMs'];
  return { keys, readyMs };
}

async function prepare(lab: Lab, form: Form, keys: number): Promise<string> {
  const directory = lab.folder();
  if (form === 'nothing') return directory;
  const server = await lab.start({ directory, setting: settings[form] });
  const rounds = form === 'log, 3 × overwritten' ? 3 : 1;
  for (let round = 0; round < rounds; round++) await server.send(sets('k', [0, keys], 100));
  if (form === 'snapshot') await server.call('SAVE');
  if (form === 'log, rewritten') await server.finish('BGREWRITEAOF');
  await server.kill();
  return directory;
}

/** Time that is spent on the data: the start of an empty server does not count. */
function loadingMs({ readyMs }: Figures, form: Form): number {
  return Math.max(0.1, readyMs[form].median - readyMs['nothing'].median);
}

/** Slower beyond the spread of the starts. */
function isSlower({ readyMs }: Figures, form: Form): boolean {
  return readyMs[form].low > readyMs['snapshot'].high;
}

/** A log of commands decides; a rewritten one is told apart. */
export function judge(figures: Figures): Judgement {
  const times = (form: Form): string => (
    `${significant(loadingMs(figures, form) / loadingMs(figures, 'snapshot'))} ×`);
  const decisive = `loading takes ${times('log')} the snapshot's time from a log, ${
    times('log, rewritten')} when rewritten, ${times('log, 3 × overwritten')} when overwritten`;
  if (loadingMs(figures, 'snapshot') < 5) {
    return inconclusive(decisive, 'Loading took less than 5 ms: try more keys.');
  }
  const unsure = forms.filter((form) => !isSlower(figures, form)
    && loadingMs(figures, form) > unsureRatio * loadingMs(figures, 'snapshot'));
  if (unsure.length > 0) {
    return inconclusive(decisive, `The starts from '${unsure.join("' and '")}' spread too widely `
      + 'to tell them from the snapshot: try a quieter machine or --profile nightly.');
  }
  const [plain, rewritten, long] = [isSlower(figures, 'log'), isSlower(figures, 'log, rewritten'),
    isSlower(figures, 'log, 3 × overwritten')];
  if (plain && rewritten && long) return holds(decisive);
  if (plain || long) {
    return holdsWithin(plain ? 'logs of commands' : 'long logs', {
      decisive,
      instead: 'Commands take longer to load than a snapshot, the more of them the longer; a log '
        + 'that was just rewritten begins with a snapshot and is back as soon as one.',
    });
  }
  return doesNotHold({
    decisive, instead: 'No log took longer to load than the snapshot, beyond the spread of starts.',
  });
}

function show(figures: Figures): Shown {
  const { readyMs } = figures;
  return {
    facts: forms.map((form) => {
      const { median: middle, low, high } = readyMs[form];
      return [`from ${form}`, `${durationText(middle)} (${durationText(low)}–${
        durationText(high)})`];
    }),
    chart: {
      title: 'From spawn to the first answered write', unit: 'ms',
      bars: forms.map((form) => (
        {
          label: form, value: readyMs[form].median,
          range: [readyMs[form].low, readyMs[form].high],
        })),
    },
  };
}

const claim: Claim = defineClaim<Figures, Parameters>({
  number: 6,
  name: 'recovery-speed',
  sentence: 'Recovery from RDB is faster than from AOF.',
  statedIn: 'redis.io, "Redis persistence", advantages of RDB; textbooks and interviews',
  refutedBy: 'a log of the same data that is loaded as fast as the snapshot',
  measured: 'the same keys as snapshot, as log, as rewritten log and as a log that wrote each key '
    + 'three times; started in turns from a warm cache, from spawn to the first answered write',
  estimatedMs: { quick: 25_000, nightly: 300_000 },
  parameters: { quick: { keys: 120_000, starts: 4 }, nightly: { keys: 3_000_000, starts: 9 } },
  measure,
  judge,
  show,
});

export default claim;
