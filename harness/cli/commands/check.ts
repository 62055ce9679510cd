// `plugpull check`: validates scenario files without running them, all files at once.

import type { Command } from 'commander';
import { reasonOf } from '../../errors.ts';
import { planRun } from '../../plan/plan.ts';
import type { SourcedScenario } from '../../plan/plan.ts';
import { countText } from '../../plan/units.ts';
import type { CliContext } from '../context.ts';
import { exitPass, exitUsage } from '../exit-codes.ts';
import { checkDirectives } from '../preflight.ts';
import { findScenarios, loadBuiltIn } from '../scenario-files.ts';

/** Adds the command; `finish` takes its exit code. */
export function addCheckCommand(
  program: Command, context: CliContext, finish: (code: number) => void,
): void {
  program.command('check')
    .description('validate scenario files without running them')
    .argument('[scenario...]', 'paths of your own, or names; default: the built-in ones')
    .addHelpText('after', `
Examples:
  plugpull check                   the built-in scenarios
  plugpull check ./my-scenario.ts
`)
    .action(async (words: string[]) => finish(await check(context, words)));
}

async function check(context: CliContext, words: readonly string[]): Promise<number> {
  let mistakes = 0;
  const names = words.length > 0 ? words
    : (await loadBuiltIn(context)).map(({ source }) => source);
  for (const word of names) {
    try {
      const found = await findScenarios(context, [word], []);
      for (const each of found) context.stdout.write(`${checked(each)}\n`);
    } catch (error) {
      mistakes += 1;
      context.stderr.write(`${reasonOf(error)}\n`);
    }
  }
  return mistakes === 0 ? exitPass : exitUsage;
}

function checked(sourced: SourcedScenario): string {
  const plan = planRun({ scenarios: [sourced], seed: 0 });
  checkDirectives(plan);
  const { name } = sourced.scenario;
  const skipped = plan.skipped.length === 0 ? '' : `, ${plan.skipped.length} not in this version`;
  return `ok: ${name}${sourced.source === name ? '' : ` (${sourced.source})`}, `
    + `${countText(plan.cells.length, 'cell')}${skipped}, `
    + `${countText(plan.trials.length, 'trial')}`;
}
