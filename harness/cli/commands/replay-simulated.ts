// `plugpull replay` of a simulated failure: its shrunk plan and the plan as it was, both run again
// bit for bit, and what happened in plain words.

import { planWords, explain } from '../../simulation/explain.ts';
import type { KeptSimulation } from '../../simulation/keep.ts';
import { simulate } from '../../simulation/simulate.ts';
import type { SimulationPlan } from '../../simulation/plan.ts';
import type { CliContext } from '../context.ts';
import { exitFail, exitPass } from '../exit-codes.ts';

/** Repeats both plans; the exit code says whether one of them still breaks the promise. */
export async function replaySimulation(
  context: CliContext, { plugpull, plan, shrunk, attempts, findings, explanation }: KeptSimulation,
): Promise<number> {
  const { stdout, stderr, version } = context;
  if (plugpull !== version) {
    stderr.write(`warning: this failure is of Plugpull ${plugpull}, this is ${version}: the same `
      + 'plan may give another history\n');
  }
  const found = findings.map(({ kind, text }) => `  ${kind}: ${text}\n`).join('');
  stdout.write(`simulated trial of seed ${plan.seed}\nwhat was found then:\n${found}`
    + `as planned:     ${planWords(plan)}\n`
    + `made smaller:   ${planWords(shrunk)} (${attempts} smaller plans were tried)\n`
    + `\nwhat happened in the smaller one:\n${indented(explanation)}\n`);
  const stillFails = await again(context, shrunk, { title: 'the smaller plan', explanation });
  const wholeFails = await again(context, plan, { title: 'the whole plan', explanation });
  return stillFails || wholeFails ? exitFail : exitPass;
}

/** Runs a plan; explains what breaks, unless that has been told. */
async function again(
  { stdout, simulated }: CliContext, plan: SimulationPlan,
  { title, explanation }: { title: string; explanation: readonly string[] },
): Promise<boolean> {
  const { failure, cycles, digest } = await simulate(plan, simulated);
  const about = `${cycles} ${cycles === 1 ? 'crash' : 'crashes'}, digest ${digest.slice(0, 16)}`;
  if (failure === null) {
    stdout.write(`${title} again: no promise is broken any more (${about})\n`);
    return false;
  }
  const lines = explain(failure);
  const isTold = lines.join('\n') === explanation.join('\n');
  stdout.write(`${title} again: the promise is broken in crash ${failure.cut + 1} of life `
    + `${failure.life + 1} (${about})${isTold ? ', as told above' : `\n${indented(lines)}`}\n`);
  return true;
}

function indented(lines: readonly string[]): string {
  return lines.map((line) => `  ${line}`).join('\n');
}
