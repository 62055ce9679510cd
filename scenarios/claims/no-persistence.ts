// Claim 1: what a crash costs without persistence, and that data comes back by itself with it.

import { defineClaim, doesNotHold, groupedText, holds, shareText } from '../../harness/index.ts';
import type { Claim, Judgement, Lab, SettingLabel, Shown } from '../../harness/index.ts';

/** Keys that were there before the crash and after it. */
export interface Figures {
  readonly keys: number;
  readonly settings: readonly {
    readonly setting: SettingLabel;
    readonly keysBack: number;
    readonly isSame: boolean;
    readonly readyMs: number;
  }[];
}

interface Parameters {
  readonly keys: number;
}

const kept = ['rdb', 'aof/no', 'aof/everysec', 'aof/always', 'rdb+aof/everysec'] as const;

/** Fills, saves where there is a snapshot, kills, starts again, compares. */
async function measure(lab: Lab, { keys }: Parameters): Promise<Figures> {
  const settings: Figures['settings'][number][] = [];
  for (const setting of ['none', ...kept] as const) {
    const server = await lab.start({ directory: lab.folder(), setting });
    await server.send(Array.from({ length: keys }, (_, key) => ['SET', `k${key}`, `value ${key}`]));
    if (setting === 'rdb' || setting === 'rdb+aof/everysec') await server.call('SAVE');
    const digest = await server.digest();
    await server.kill();
    const back = await lab.start({ directory: server.directory, setting });
    const [keysBack, isSame] = [await back.keys(), await back.digest() === digest];
    settings.push({ setting, keysBack, isSame, readyMs: back.readyMs });
    await back.kill();
  }
  return { keys, settings };
}

/** Without persistence nothing may be left; with it everything that had been saved. */
export function judge({ keys, settings }: Figures): Judgement {
  const none = settings.find(({ setting }) => setting === 'none')?.keysBack ?? 0;
  const lacking = settings.filter(({ setting, isSame }) => setting !== 'none' && !isSame);
  const decisive = `none: ${shareText(none / keys)} of ${groupedText(keys)} keys back; `
    + `${settings.length - 1 - lacking.length} of ${settings.length - 1} other settings: all`;
  if (none === 0 && lacking.length === 0) return holds(decisive);
  const instead = none > 0 ? 'Data survived a crash without persistence.'
    : `After a crash data was missing with ${lacking.map((one) => one.setting).join(', ')}.`;
  return doesNotHold({ decisive, instead });
}

function show({ keys, settings }: Figures): Shown {
  return {
    facts: settings.map(({ setting, keysBack, isSame, readyMs }) => [
      setting, `${groupedText(keysBack)} of ${groupedText(keys)} keys`
        + `${isSame ? ', digest equal' : ''}, serving after ${Math.round(readyMs)} ms`,
    ]),
    chart: {
      title: 'Keys that are there again after SIGKILL and a start', unit: 'percent',
      bars: settings.map(({ setting, keysBack }) => (
        { label: setting, value: (100 * keysBack) / keys })),
    },
  };
}

const claim: Claim = defineClaim<Figures, Parameters>({
  number: 1,
  name: 'no-persistence',
  sentence: 'Without persistence a crash loses all data; with it the data comes back by itself on '
    + 'restart.',
  statedIn: 'the introduction to persistence of nearly every Redis course; redis.io, '
    + '"Redis persistence"',
  refutedBy: 'a key that survives SIGKILL without persistence, or with it a saved one that '
    + 'does not',
  measured: 'keys are written (and saved where the setting is a snapshot), the server is ended by '
    + 'SIGKILL and started again on the same directory; DBSIZE and DEBUG DIGEST are compared',
  estimatedMs: { quick: 8000, nightly: 40_000 },
  parameters: { quick: { keys: 20_000 }, nightly: { keys: 1_000_000 } },
  measure,
  judge,
  show,
});

export default claim;
