// All claims, one after the other, each on every target before the next; the record grows with
// each, so that Ctrl-C and kill -9 keep what was measured.

import fs from 'node:fs';
import path from 'node:path';
import { EngineError } from '../../engine/errors.ts';
import { ReplyError } from '../drivers/resp/client.ts';
import { HarnessError } from '../errors.ts';
import { hold } from '../holdings/holdings.ts';
import { probeFsync } from '../metrics/fsync-probe.ts';
import { installation } from '../metrics/installation.ts';
import { describeTestbed } from '../metrics/testbed.ts';
import type { Cell } from '../plan/plan.ts';
import { claimsSchema } from '../report/claims/claims-record.ts';
import type { ClaimRecord, ClaimResult, ClaimsRecord } from '../report/claims/claims-record.ts';
import type { Target, TargetName } from '../targets/target.ts';
import { inconclusive } from './claim.ts';
import type { Claim, ClaimProfile } from './claim.ts';
import { Lab } from './lab.ts';

/** What happens during a run of claims. */
export type ClaimsEvent =
  | { readonly kind: 'claim-started'; readonly claim: Claim; readonly target: TargetName;
      /** From 1, of `count` measurements. */
      readonly place: number; readonly count: number }
  | { readonly kind: 'progress'; readonly text: string }
  | { readonly kind: 'claim-finished'; readonly claim: Claim; readonly result: ClaimResult };

/** What the caller decides. */
export interface ClaimsOptions {
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly seed: number;
  readonly profile: ClaimProfile;
  /** Exists; records go here. */
  readonly runDirectory: string;
  /** Made and removed, on the disk under test. */
  readonly workDirectory: string;
  readonly targets: Readonly<Record<TargetName, Target>>;
  /** Those to measure, located. */
  readonly located: ClaimsRecord['targets'];
  readonly missing: ClaimsRecord['missing'];
  readonly extended: ClaimsRecord['extended'];
  readonly unsupported: (cell: Cell) => string | null;
  readonly signal: AbortSignal;
  readonly onEvent: (event: ClaimsEvent) => void;
  /** Told after every measurement. */
  readonly onRecord: (record: ClaimsRecord) => Promise<void>;
}

/**
 * Measures and judges the claims; the record is partial after an interrupt.
 * @throws {HarnessError} ENVIRONMENT when the disk fails.
 */
export async function runClaims(
  claims: readonly Claim[], options: ClaimsOptions,
): Promise<ClaimsRecord> {
  const { workDirectory, located, signal } = options;
  const startedMs = Date.now();
  const release = hold({ kind: 'folder', path: workDirectory });
  fs.mkdirSync(workDirectory, { recursive: true });
  try {
    const testbed = await testbedOf(workDirectory);
    const done: ClaimRecord[] = [];
    const recordOf = (): ClaimsRecord => ({
      schema: claimsSchema, kind: 'claims', id: options.id, plugpull: installation.version,
      profile: options.profile, seed: options.seed, startedAt: options.startedAt,
      tookMs: Date.now() - startedMs, interrupted: signal.aborted, testbed, targets: located,
      missing: options.missing, claims: done.filter(({ results }) => results.length > 0),
      extended: options.extended,
    });
    const count = claims.length * located.length;
    for (const [at, claim] of claims.entries()) {
      const results: ClaimResult[] = [];
      done.push({ ...factsOf(claim, options.profile), results });
      for (const [place, { name, version }] of located.entries()) {
        if (signal.aborted) return recordOf();
        options.onEvent({
          kind: 'claim-started', claim, target: name,
          place: at * located.length + place + 1, count,
        });
        const result = await examined(claim, { name, version }, options);
        if (result === null) return recordOf();
        results.push(result);
        options.onEvent({ kind: 'claim-finished', claim, result });
        await options.onRecord(recordOf());
      }
    }
    return recordOf();
  } finally {
    fs.rmSync(workDirectory, { recursive: true, force: true });
    release();
  }
}

function factsOf(claim: Claim, profile: ClaimProfile): Omit<ClaimRecord, 'results'> {
  const { number, name, sentence, statedIn, refutedBy, measured, parameters } = claim;
  return {
    number, name, sentence, statedIn, refutedBy, measured, parameters: parameters[profile],
  };
}

/** One claim on one target; null when it was interrupted. */
async function examined(
  claim: Claim, { name, version }: ClaimsRecord['targets'][number], options: ClaimsOptions,
): Promise<ClaimResult | null> {
  const startedMs = Date.now();
  const { targets, seed, signal, unsupported, runDirectory, workDirectory } = options;
  const lab = new Lab({
    target: targets[name], targets, version, seed, signal, unsupported,
    keepDirectory: runDirectory, workDirectory: path.join(workDirectory, `${claim.name}-${name}`),
    say: (text) => options.onEvent({ kind: 'progress', text }),
  });
  const rest = (): Pick<ClaimResult, 'target' | 'broken' | 'runs' | 'tookMs'> => ({
    target: name, broken: lab.broken, runs: lab.runs, tookMs: Date.now() - startedMs,
  });
  try {
    return { ...await claim.examine(lab, options.profile), ...rest() };
  } catch (error) {
    if (signal.aborted) return null;
    if (!isForeign(error)) throw error;
    const why = error.message.split('\n')[0] ?? '';
    const judgement = inconclusive('not measured', `Measuring it failed: ${why}`);
    return { ...judgement, facts: [], chart: null, figures: null, ...rest() };
  } finally {
    await lab.close();
  }
}

/** A failure of target, generator or system (no memory to start a process); else it is a bug. */
function isForeign(error: unknown): error is Error {
  return error instanceof HarnessError || error instanceof EngineError
    || error instanceof ReplyError || (error instanceof Error && 'syscall' in error);
}

async function testbedOf(directory: string): Promise<ClaimsRecord['testbed']> {
  const { cpu, cores, kernel, fs: fileSystem, node } = describeTestbed(directory);
  const { p50Us } = await probeFsync(directory, { call: 'fdatasync' });
  return { cpu, cores, kernel, fs: fileSystem, node, fdatasyncUs: p50Us };
}
