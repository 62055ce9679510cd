// What the driver says about itself, and whether its limits or the server's were measured.

import type { DriverResult } from '../drivers/resp/driver.ts';
import { meanFactorBetween } from '../drivers/resp/load/rate-profile.ts';
import type { Load } from '../plan/scenario.ts';
import { groupedText, shareText } from '../plan/units.ts';
import type { GeneratorRecord } from '../report/record.ts';

/** Of a rate that was reached, one that would do. */
const safeShare = 0.8;
/** From this share of a core on the generator had no time left. */
const busyShare = 0.9;
/** Below this share of a core the server had room. */
const busyServerShare = 0.9;
/** Below this share it had so much that its rate was not measured at all. */
const idleServerShare = 0.75;
/** A rate counts as reached when so much of it was answered. */
const reachedShare = 0.95;

/** The generator of one load; `serverShare` is the server's CPU time, of one core. */
export function generatorRecord(
  result: DriverResult, { load, serverShare }: { load: Load; serverShare: number | null },
): GeneratorRecord {
  const { cpuUtilisation, loopUtilisation, loopLagUs, sendLateUs, unsent } = result;
  return {
    cpuShare: rounded(cpuUtilisation),
    loopShare: rounded(Math.min(1, loopUtilisation)),
    loopLagUs,
    sendLateUs: sendLateUs === null ? null
      : { ...sendLateUs, inTimeShare: rounded(sendLateUs.inTimeShare) },
    unsent,
    limit: limitOf(result, { load, serverShare }),
  };
}

/** Whether the rate of a closed loop is a lower bound: the server may have had room for more. */
export function isLowerBound(
  { sendLateUs, generatorLimited }: DriverResult, serverShare: number | null,
): boolean {
  return sendLateUs === null && generatorLimited && (serverShare ?? 0) < busyServerShare;
}

function limitOf(
  result: DriverResult, { load, serverShare }: { load: Load; serverShare: number | null },
): string | null {
  const { sendLateUs } = result;
  if (sendLateUs === null) {
    // By CPU time alone: on a busy machine both wait for a core, and neither is the limit.
    if (result.cpuUtilisation < busyShare || (serverShare ?? 0) >= idleServerShare) return null;
    return `the load generator, not the server, was the limit (${shareText(result.cpuUtilisation)} `
      + 'of a core): fewer --clients, or a deeper --pipeline';
  }
  const missed = missedRate(result, load);
  if (missed !== null) return missed;
  if (!result.generatorLimited) return null;
  return `the load generator sent ${shareText(1 - sendLateUs.inTimeShare)} of the operations more `
    + `than 1 ms late: its latencies are partly its own; a lower --rate or an idler machine`;
}

/** What became of a rate that was not reached; null when it was. */
export function missedRate(
  result: Pick<DriverResult, 'qps' | 'readsPerSecond' | 'measuredMs'>, load: Load,
): string | null {
  const { qps, readsPerSecond, measuredMs } = result;
  const { ratePerSecond, profile, warmupMs, durationMs } = load;
  if (ratePerSecond === null || qps === null) return null;
  const answered = qps + (readsPerSecond ?? 0);
  // A ramp offers most at its end: what was due in the measured time counts, not its mean.
  const offered = ratePerSecond * meanFactorBetween(profile, {
    loadMs: warmupMs + durationMs, fromMs: warmupMs, toMs: warmupMs + measuredMs,
  });
  if (answered >= reachedShare * offered) return null;
  const reached = (ratePerSecond * answered) / offered;
  return `the rate of ${groupedText(offered)} a second was not reached, ${groupedText(answered)} `
    + `were answered: --rate ${rateWithinReach(reached)} would be`;
}

/** A rate to ask for where so much was reached. */
export function rateWithinReach(reachedPerSecond: number): number {
  return Math.floor(reachedPerSecond * safeShare);
}

function rounded(share: number): number {
  return Math.round(share * 10_000) / 10_000;
}
