// What a self-check consists of, cut into jobs that any process can do.

import { planSimulation } from '../simulation/plan.ts';
import { simulate } from '../simulation/simulate.ts';
import { catalogue } from './bugs/catalogue.ts';
import { hunt } from './hunt.ts';
import type { Hunt } from './hunt.ts';
import { realHunts } from './real.ts';

export type Job =
  | { readonly kind: 'hunt'; readonly bug: string }
  | { readonly kind: 'real'; readonly entry: string }
  | { readonly kind: 'healthy'; readonly firstSeed: number; readonly trials: number };

/** Healthy engines that were crashed, and the seeds with an alarm. */
export interface Healthy {
  readonly trials: number;
  readonly cycles: number;
  readonly tookMs: number;
  readonly alarms: readonly string[];
}

export type JobResult =
  | { readonly kind: 'hunted'; readonly hunt: Hunt }
  | { readonly kind: 'healthy'; readonly healthy: Healthy };

const trialsPerJob = 20;

/** All jobs, the long ones first. */
export function allJobs(healthyTrials: number): Job[] {
  const jobs: Job[] = realHunts.map(({ entry }): Job => ({ kind: 'real', entry }));
  const byLength = catalogue.toSorted((a, b) => b.within - a.within);
  for (const { name } of byLength) jobs.push({ kind: 'hunt', bug: name });
  for (let firstSeed = 1; firstSeed <= healthyTrials; firstSeed += trialsPerJob) {
    const trials = Math.min(trialsPerJob, healthyTrials - firstSeed + 1);
    jobs.push({ kind: 'healthy', firstSeed, trials });
  }
  return jobs;
}

/** Does one job; one with real servers ends them when it is interrupted. */
export async function doJob(job: Job, signal: AbortSignal): Promise<JobResult> {
  if (job.kind === 'healthy') return { kind: 'healthy', healthy: await watchHealthy(job) };
  if (job.kind === 'real') {
    const real = realHunts.find(({ entry }) => entry === job.entry);
    if (real === undefined) throw new Error(`no such sabotage: ${job.entry}`);
    return { kind: 'hunted', hunt: await real.run(signal) };
  }
  const bug = catalogue.find(({ name }) => name === job.bug);
  if (bug === undefined) throw new Error(`no such bug: ${job.bug}`);
  return { kind: 'hunted', hunt: await hunt(bug, 1) };
}

async function watchHealthy(
  { firstSeed, trials }: { firstSeed: number; trials: number },
): Promise<Healthy> {
  const beganMs = performance.now();
  const alarms: string[] = [];
  let cycles = 0;
  for (let seed = firstSeed; seed < firstSeed + trials; seed++) {
    const result = await simulate(planSimulation(seed));
    cycles += result.cycles;
    const { failure } = result;
    if (failure === null) continue;
    const [finding] = failure.outcome.judgement.findings;
    alarms.push(`seed ${seed}: ${finding?.kind}: ${finding?.text}`);
  }
  return { trials, cycles, tookMs: performance.now() - beganMs, alarms };
}
