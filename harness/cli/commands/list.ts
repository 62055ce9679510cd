// `plugpull list`: the scenarios, their cells and the time they would take.

import type { Command } from 'commander';
import type { Plan } from '../../plan/plan.ts';
import type { Scenario } from '../../plan/scenario.ts';
import { aligned, headline, skippedLines } from '../../plan/plan-text.ts';
import { countText, durationText } from '../../plan/units.ts';
import type { CliContext } from '../context.ts';
import { exitPass } from '../exit-codes.ts';
import { addSelectionFlags } from '../options.ts';
import type { SelectionFlags } from '../options.ts';
import { loadBuiltIn } from '../scenario-files.ts';
import { planFor } from './run.ts';

/** Adds the command; `finish` takes its exit code. */
export function addListCommand(
  program: Command, context: CliContext, finish: (code: number) => void,
): void {
  const command = program.command('list')
    .description('show scenarios with their cells and the estimated time')
    .argument('[scenario...]', 'names of built-in scenarios, or paths of your own');
  addSelectionFlags(command)
    .addHelpText('after', `
Examples:
  plugpull list                        every built-in scenario
  plugpull list bytes-lost --trials 5
`)
    .action(async (words: string[], flags: SelectionFlags) => (
      finish(await list(context, words, flags))
    ));
}

async function list(
  context: CliContext, words: readonly string[], flags: SelectionFlags,
): Promise<number> {
  const builtIn = await loadBuiltIn(context);
  const all = words.length === 0 && flags.tag === undefined;
  const names = all ? builtIn.map(({ scenario }) => scenario.name) : words;
  const { plan, dropped } = await planFor(context, names, flags);
  for (const line of dropped) context.stderr.write(`${line}\n`);
  const questions = new Map(builtIn.map(({ scenario }) => (
    [scenario.name, { question: scenario.question, tags: scenario.tags }]
  )));
  context.stdout.write(listText(plan, questions));
  return exitPass;
}

type Questions = ReadonlyMap<string, Pick<Scenario, 'question' | 'tags'>>;

function listText(plan: Plan, questions: Questions): string {
  const lines: string[] = [];
  for (const name of new Set(plan.cells.map((cell) => cell.scenario))) {
    const cells = plan.cells.filter((cell) => cell.scenario === name);
    const trials = plan.trials.filter((trial) => trial.cell.scenario === name);
    const timeMs = trials.reduce((sum, trial) => sum + trial.estimatedMs, 0);
    const about = questions.get(name);
    lines.push(`${name}: ${countText(cells.length, 'cell')}, `
      + `${countText(trials.length, 'trial')}, about ${durationText(timeMs)}`);
    if (about !== undefined) lines.push(`  ${about.question} (tags: ${about.tags.join(', ')})`);
    lines.push(...aligned(cells.map((cell) => [`  ${cell.id}`, `× ${cell.trials}`])), '');
  }
  if (plan.skipped.length > 0) lines.push(...skippedLines(plan.skipped), '');
  const total = headline(plan).replace(/^seed \d+ · /, '');
  return `${lines.join('\n')}\ntogether: ${total}\n`;
}
