// Claim 16: what is left with both on when the log is deleted or damaged, what each server does by
// itself, and what the documented rescue brings back.

import fs from 'node:fs';
import path from 'node:path';
import {
  defineClaim, doesNotHold, durationText, groupedText, holds, holdsWithin,
} from '../../harness/index.ts';
import type { Claim, Judgement, Lab, LabServer, SettingLabel, Shown } from '../../harness/index.ts';
import { lastLogFile, logFolder, sets } from './support.ts';

/** A start on a directory. */
export interface Outcome {
  /** Null: it refused. */
  readonly keys: number | null;
  /** Keys with another value than was written. */
  readonly keysWrong: number;
  /** From the beginning of the repair to the first answered write. */
  readonly readyMs: number;
  /** The last words of a refusal. */
  readonly words: string;
}

/** One accident: the server alone, then each rescue. */
export interface Case {
  readonly accident: string;
  readonly alone: Outcome;
  readonly rescues: readonly (Outcome & { readonly rescue: string })[];
}

/** All accidents of the same data. */
export interface Figures {
  readonly keysSaved: number;
  readonly keys: number;
  readonly cases: readonly Case[];
}

interface Parameters {
  readonly keys: number;
}

const both = 'rdb+aof/everysec' as const;
const valueBytes = 100;

type Accident = readonly [name: string, happen: (directory: string) => void];

const accidents: readonly Accident[] = [
  ['nothing', () => {}],
  ['log deleted', (directory) => {
    fs.rmSync(path.join(directory, logFolder), { recursive: true });
  }],
  ['tail cut', (directory) => {
    const file = lastLogFile(directory);
    fs.truncateSync(file, fs.statSync(file).size - 7);
  }],
  ['zeros at the tail', (directory) => {
    fs.appendFileSync(lastLogFile(directory), Buffer.alloc(4096));
  }],
  ['damage to a command in the middle', (directory) => damage(directory, -14)],
  ['damage to a value in the middle', (directory) => damage(directory, 40)],
];

/** Overwrites eight bytes near a key three quarters into the log. */
function damage(directory: string, fromKey: number): void {
  const file = lastLogFile(directory);
  const whole = fs.readFileSync(file);
  const at = whole.indexOf('after:', Math.floor(whole.length * 0.75));
  whole.fill('#', at + fromKey, at + fromKey + 8);
  fs.writeFileSync(file, whole);
}

async function measure(lab: Lab, { keys }: Parameters): Promise<Figures> {
  const server = await lab.start({ directory: lab.folder(), setting: both });
  await server.send(sets('saved', [0, keys / 2], valueBytes));
  await server.call('SAVE');
  await server.send(sets('after', [0, keys / 2], valueBytes));
  await server.kill();
  const cases: Case[] = [];
  for (const [accident, happen] of accidents) {
    const hurt = (): string => {
      const directory = lab.folder(server.directory);
      happen(directory);
      return directory;
    };
    const alone = await outcomeOf(lab, keys, async () => ({ directory: hurt(), setting: both }));
    const rescues: Case['rescues'][number][] = [];
    if (accident !== 'nothing' && accident !== 'log deleted') {
      const rescued = await outcomeOf(lab, keys, async () => {
        const directory = hurt();
        const startedMs = performance.now();
        await lab.checkLog(path.join(directory, logFolder), { fix: true });
        return { directory, setting: both, repairMs: performance.now() - startedMs };
      });
      rescues.push({ rescue: 'check-aof --fix', ...rescued });
    }
    const fromSnapshot = await outcomeOf(lab, keys, async () => {
      const directory = hurt();
      fs.rmSync(path.join(directory, logFolder), { recursive: true, force: true });
      return { directory, setting: 'rdb' };
    });
    rescues.push({ rescue: 'start from the snapshot, then CONFIG SET appendonly yes',
      ...fromSnapshot });
    cases.push({ accident, alone, rescues });
    lab.say(`${accident}: ${outcomeText(alone)}`);
  }
  return { keysSaved: keys / 2, keys, cases };
}

/** A directory in order; `repairMs` is what that took, without the copy of the files. */
interface Ready {
  readonly directory: string;
  readonly setting: SettingLabel;
  readonly repairMs?: number;
}

/** Brings a directory into order and starts a server on it. */
async function outcomeOf(
  lab: Lab, keys: number, ready: () => Promise<Ready>,
): Promise<Outcome> {
  const { directory, setting, repairMs = 0 } = await ready();
  const startedMs = performance.now();
  const started = await lab.tryStart({ directory, setting });
  if (started.kind === 'refused') {
    return {
      keys: null, keysWrong: 0, readyMs: performance.now() - startedMs,
      words: (started.words.at(-1) ?? '').replace(/^.*?(?:# |engine: )/, ''),
    };
  }
  const { server } = started;
  if (setting === 'rdb') await server.call('CONFIG', 'SET', 'appendonly', 'yes');
  const found = { keys: await server.keys(), keysWrong: await wrongKeys(server, keys) };
  await server.kill();
  return { ...found, readyMs: repairMs + server.readyMs, words: '' };
}

async function wrongKeys(server: LabServer, keys: number): Promise<number> {
  const expected = [...sets('saved', [0, keys / 2], valueBytes),
    ...sets('after', [0, keys / 2], valueBytes)];
  let wrong = 0;
  for (let at = 0; at < expected.length; at += 1000) {
    const part = expected.slice(at, at + 1000);
    const values = await server.call('MGET', ...part.map(([, key = '']) => key)) as unknown[];
    wrong += values.filter((value, place) => (
      value !== null && String(value) !== part[place]?.[2])).length;
  }
  return wrong;
}

/** Every accident must leave at least the snapshot by some rescue; silence is told apart. */
export function judge({ keysSaved, keys, cases }: Figures): Judgement {
  const best = ({ alone, rescues }: Case): number => Math.max(0, ...[alone, ...rescues]
    .filter(({ keysWrong }) => keysWrong === 0).map((one) => one.keys ?? 0));
  const least = Math.min(...cases.map(best));
  const isSilent = ({ accident, alone }: Case): boolean => (
    accident !== 'nothing' && alone.keys !== null
    && (alone.keys < keysSaved || alone.keysWrong > 0));
  const silent = cases.filter(isSilent).map(({ accident }) => accident);
  const decisive = `at least ${groupedText(least)} of ${groupedText(keys)} keys rescued; `
    + (silent.length === 0 ? 'no accident served silently'
      : `served as if nothing were wrong: ${silent.join(', ')}`);
  const untouched = cases.find(({ accident }) => accident === 'nothing');
  if (untouched !== undefined && untouched.alone.keys !== keys) {
    return doesNotHold({ decisive, instead: 'Even without an accident the log lost something.' });
  }
  if (least < keysSaved) {
    return doesNotHold({
      decisive, instead: 'An accident to the log cost data that the snapshot had held.',
    });
  }
  if (silent.length === 0) return holds(decisive);
  return holdsWithin('a rescue by hand', {
    decisive,
    instead: `With both, the snapshot is there when the log is not; but by itself the server `
      + `starts without data or with wrong values (${silent.join(', ')}): stop it, and start from `
      + 'the snapshot with appendonly no before it is overwritten.',
  });
}

function outcomeText({ keys, keysWrong, readyMs, words }: Outcome): string {
  if (keys === null) return `refuses: ${words.slice(0, 120)}`;
  const wrong = keysWrong === 0 ? '' : `, ${groupedText(keysWrong)} with wrong values`;
  return `${groupedText(keys)} keys${wrong}, serving after ${durationText(readyMs)}`;
}

function show({ keysSaved, keys, cases }: Figures): Shown {
  return {
    facts: [
      ['keys in the snapshot, in all', `${groupedText(keysSaved)}, ${groupedText(keys)}`],
      ...cases.flatMap(({ accident, alone, rescues }) => [
        [`${accident}: by itself`, outcomeText(alone)] as const,
        ...rescues.map((one) => [`${accident}: ${one.rescue}`, outcomeText(one)] as const),
      ]),
    ],
    chart: {
      title: 'Keys that are there again', unit: 'count',
      bars: cases.flatMap(({ accident, alone, rescues }) => [
        { label: `${accident}: by itself`, value: alone.keys ?? 0 },
        { label: `${accident}: best rescue`,
          value: Math.max(...rescues.map((one) => one.keys ?? 0)) },
      ]),
    },
  };
}

const claim: Claim = defineClaim<Figures, Parameters>({
  number: 16,
  name: 'both-rescue',
  sentence: 'Use both: AOF against loss, RDB as the cold backup and the faster way back when the '
    + 'AOF is lost or corrupted.',
  statedIn: 'redis.io, "Redis persistence", "Ok, so what should I use?"; runbooks',
  refutedBy: 'an accident to the log after which no rescue brings back what the snapshot held',
  measured: 'keys, SAVE, more keys, SIGKILL; then the log is deleted, cut, filled with zeros or '
    + 'damaged in its middle: what the server does by itself, what check-aof --fix and what the '
    + 'snapshot bring back, how long it takes',
  estimatedMs: { quick: 20_000, nightly: 120_000 },
  parameters: { quick: { keys: 20_000 }, nightly: { keys: 1_000_000 } },
  measure,
  judge,
  show,
});

export default claim;
