// `plugpull advise`: from the record of a run, the cheapest setting that met a loss, a downtime and
// a rate, with the lines for redis.conf.

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { parseSetting, settingDirectives, settingLabels } from '../../plan/settings.ts';
import type { SettingLabel } from '../../plan/settings.ts';
import { durationText, groupedText } from '../../plan/units.ts';
import { adviceFor } from '../../report/objectives.ts';
import type { Assessment, Objectives, TargetAdvice } from '../../report/objectives.ts';
import { readRun } from '../../report/write.ts';
import type { CliContext } from '../context.ts';
import { exitFail, exitInconclusive, exitPass } from '../exit-codes.ts';
import { parseCount, parseDurationMs, usage } from '../values.ts';

interface AdviseFlags {
  readonly rpo: string;
  readonly rto: string;
  readonly qps?: string;
  readonly out: string;
  readonly json?: boolean;
}

const anyDuration = [0, 365 * 24 * 3_600_000] as const;

/** Adds the command; `finish` takes its exit code. */
export function addAdviseCommand(
  program: Command, context: CliContext, finish: (code: number) => void,
): void {
  program.command('advise')
    .description('the cheapest setting of a run that met a loss, a downtime and a rate')
    .argument('[run]', 'path of a record or its folder, id of a run, or latest', 'latest')
    .requiredOption('--rpo <time>', 'the last so much may be lost: 0s, 500ms, 1s, 5m')
    .requiredOption('--rto <time>', 'it must serve again within: 2s, 1m')
    .option('--qps <number>', 'writes a second that it must take: 20k')
    .option('--out <folder>', 'where records are', 'reports')
    .option('--json', 'as JSON')
    .addHelpText('after', `
Bounds decide, not medians: the worst loss of all instants, the far end of the recovery times and
the near end of the rates. The cheapest is the fastest that met all three. A setting whose promise
has no bound (none, rdb, aof/no in a power cut) is never advised.

Exit codes: 0 there is one · 1 none met them · 2 the run does not suffice to tell.

Examples:
  plugpull advise --rpo 1s --rto 10s
  plugpull advise --rpo 0s --rto 2s --qps 20k baseline:main
`)
    .action(async (run: string, flags: AdviseFlags) => finish(await advise(context, run, flags)));
}

async function advise(context: CliContext, run: string, flags: AdviseFlags): Promise<number> {
  const objectives: Objectives = {
    rpoMs: parseDurationMs('--rpo', flags.rpo, anyDuration),
    rtoMs: parseDurationMs('--rto', flags.rto, anyDuration),
    perSecond: flags.qps === undefined ? null : parseCount('--qps', flags.qps, [1, 1e9]),
  };
  const record = await readRun(resolve(context.cwd, flags.out), { run, cwd: context.cwd });
  const advice = adviceFor(record, objectives);
  if (advice.length === 0) {
    throw usage(`run ${record.id} measured no setting; run fsync-policies, or all of the default`);
  }
  context.stdout.write(flags.json === true
    ? `${JSON.stringify(advice.map(plain), null, 2)}\n`
    : advice.map((each) => adviceText(each, objectives)).join('\n'));
  if (advice.some(({ chosen }) => chosen !== null)) return exitPass;
  return advice.some((each) => outcomeOf(each) === 'unknown') ? exitInconclusive : exitFail;
}

function outcomeOf({ chosen, assessments }: TargetAdvice): 'met' | 'unknown' | 'missed' {
  if (chosen !== null) return 'met';
  return assessments.some(({ verdict }) => verdict === 'unknown') ? 'unknown' : 'missed';
}

function adviceText(advice: TargetAdvice, { rpoMs, rtoMs, perSecond }: Objectives): string {
  const { target, chosen, alike, assessments } = advice;
  const asked = `at most ${durationText(rpoMs)} lost, serving again within ${durationText(rtoMs)}`
    + (perSecond === null ? '' : `, ${groupedText(perSecond)} writes/s`);
  const others = assessments.filter((each) => each !== chosen && !alike.includes(each));
  const lines = [`${target}, ${asked}:`];
  if (chosen === null) {
    lines.push(outcomeOf(advice) === 'unknown'
      ? '  the run does not suffice to tell: no setting surely met this, some may have'
      : '  no setting met this');
  } else {
    lines.push(`  take ${chosen.entry.setting}`,
      ...chosen.findings.map(({ text }) => `    ${text}`));
    if (alike.length > 0) {
      lines.push(`  within the noise of this run just as fast: ${
        alike.map(({ entry }) => entry.setting).join(', ')}`);
    }
    lines.push(...others.filter((each) => isMaybeCheaper(each, chosen)).map(({ entry }) => (
      `  a faster one may do, but this run does not suffice to tell: ${entry.setting}`)));
    lines.push('  redis.conf:', ...configLines(chosen).map((line) => `    ${line}`));
  }
  return `${[...lines, ...(others.length === 0 ? [] : ['  the others:']),
    ...others.map(otherLine)].join('\n')}\n`;
}

function isMaybeCheaper(other: Assessment, chosen: Assessment): boolean {
  const rate = ({ entry }: Assessment): number => entry.rate?.perSecond.median ?? 0;
  return other.verdict === 'unknown' && rate(other) > rate(chosen);
}

function otherLine({ entry, findings, verdict }: Assessment): string {
  const why = verdict === 'met' ? 'met it too, at a lower rate'
    : findings.filter((finding) => finding.verdict === verdict).map(({ text }) => text).join('; ');
  return `    ${entry.setting}: ${why}`;
}

/** The setting as it was measured, with what the run was told to set besides. */
function configLines({ entry }: Assessment): string[] {
  const label = settingLabels.find((each): each is SettingLabel => each === entry.setting);
  if (label === undefined) return [];
  const setting = parseSetting(label);
  const own = settingDirectives(setting);
  const [first] = entry.cells;
  const further = Object.entries(first?.config.directives ?? {})
    .filter(([name]) => !own.some(([each]) => each === name) && name !== 'save'
      && !harnessOwn.has(name));
  return [...own, ...further].map(([name, value]) => (
    name !== 'save' ? `${name} ${value === '' ? '""' : value}`
      : setting.persist === 'rdb' || setting.persist === 'rdb+aof'
        ? 'save 3600 1 300 100 60 10000' : 'save ""'));
}

/** What the harness sets so that it can measure; nothing of a setting. */
const harnessOwn: ReadonlySet<string> = new Set([
  'enable-debug-command', 'auto-aof-rewrite-percentage', 'protected-mode',
]);

function plain(advice: TargetAdvice): unknown {
  const { target, chosen, alike, assessments } = advice;
  return {
    target, outcome: outcomeOf(advice), setting: chosen?.entry.setting ?? null,
    redisConf: chosen === null ? [] : configLines(chosen),
    alike: alike.map(({ entry }) => entry.setting),
    assessments: assessments.map(({ entry, verdict, findings }) => (
      { setting: entry.setting, verdict, findings })),
  };
}
