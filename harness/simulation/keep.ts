// What stays of a simulated trial that broke a promise, in one folder:
//
//   seed-<seed>/
//     repro.json        schema, version, what was found, and in which crash of which life
//     plan.json         the trial as it was planned
//     shrunk-plan.json  the smallest plan found that breaks the same promise
//     explanation.txt   what happened in it, in plain words
//     image/  ledger  op-log  server.log     of the shrunk trial, as for real runs
//
// Both plans can be repeated bit for bit; the rest is for people.

import fs from 'node:fs';
import path from 'node:path';
import type { Finding } from '../checkers/judgement.ts';
import { materialize } from '../crash/materialize.ts';
import { HarnessError, reasonOf } from '../errors.ts';
import type { Ledger, OperationStatus } from '../history/ledger.ts';
import { LedgerWriter } from '../history/ledger.ts';
import { installation } from '../metrics/installation.ts';
import { explain } from './explain.ts';
import { simulatedSettings } from './plan.ts';
import type { SimulationPlan } from './plan.ts';
import type { Shrunk } from './shrink.ts';
import type { SimulationFailure } from './simulate.ts';

/** The version of repro.json; a reader refuses every other. */
const simulatedSchema = 1;
const marker = 'simulated';

/** A kept simulation. */
export interface KeptSimulation {
  readonly plugpull: string;
  readonly plan: SimulationPlan;
  readonly shrunk: SimulationPlan;
  /** Smaller plans that were tried. */
  readonly attempts: number;
  readonly findings: readonly Finding[];
  /** Lines. */
  readonly explanation: readonly string[];
}

/** Keeps a failing trial and its shrunk form; returns the folder. */
export function keepSimulation(
  out: string, plan: SimulationPlan, { failure, small }:
  { failure: SimulationFailure; small: Shrunk },
): string {
  const folder = path.join(out, `seed-${plan.seed}`);
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  const write = (name: string, bytes: string | Uint8Array): void => (
    fs.writeFileSync(path.join(folder, name), bytes));
  const { outcome, opLogBytes, history, serverLog } = small.failure;
  const { life, cut, outcome: { judgement } } = failure;
  write('repro.json', json({
    schema: simulatedSchema, kind: marker, plugpull: installation.version,
    seed: plan.seed, life, cut, attempts: small.attempts, findings: judgement.findings,
  }));
  write('plan.json', json(plan));
  write('shrunk-plan.json', json(small.plan));
  write('explanation.txt', `${explain(small.failure).join('\n')}\n`);
  write('op-log', opLogBytes);
  write('server.log', `${serverLog.join('\n')}\n`);
  writeLedger(path.join(folder, 'ledger'), history.ledger);
  materialize(outcome.image, path.join(folder, 'image'));
  return folder;
}

function writeLedger(file: string, ledger: Ledger): void {
  const writer = new LedgerWriter(file, ledger.header);
  for (let client = 0; client < ledger.clients; client++) {
    for (let sequence = 1; sequence <= ledger.count(client); sequence++) {
      const at = ledger.at(client, sequence);
      const [sentNs, ackedNs] = [ledger.sentNs[at] as number, ledger.ackedNs[at] as number];
      writer.append(client, sequence, ledger.status[at] as OperationStatus, sentNs, ackedNs);
    }
  }
  writer.close();
}

/**
 * Reads a kept simulation; null when the folder holds another kind of failure, or none.
 * @throws {HarnessError} RECORD_BAD naming the file when it is damaged or of another schema.
 */
export function readSimulation(folder: string): KeptSimulation | null {
  const file = path.join(folder, 'repro.json');
  if (!fs.existsSync(file)) return null;
  const repro = readObject(file) as Partial<KeptSimulation> & { kind?: unknown; schema?: unknown };
  if (repro.kind !== marker) return null;
  if (repro.schema !== simulatedSchema) {
    throw bad(file, `expected schema ${simulatedSchema}, found ${JSON.stringify(repro.schema)}: `
      + 'use the version of Plugpull that wrote it');
  }
  const { plugpull, attempts, findings } = repro;
  if (typeof plugpull !== 'string' || typeof attempts !== 'number' || !Array.isArray(findings)) {
    throw bad(file, 'expected a kept simulation, found another object');
  }
  const told = path.join(folder, 'explanation.txt');
  return {
    plugpull, attempts, findings,
    plan: readPlan(path.join(folder, 'plan.json')),
    shrunk: readPlan(path.join(folder, 'shrunk-plan.json')),
    explanation: fs.existsSync(told) ? fs.readFileSync(told, 'utf8').trimEnd().split('\n') : [],
  };
}

/**
 * Reads the plan of a simulation.
 * @throws {HarnessError} RECORD_BAD naming the file, what was expected and what was found.
 */
export function readPlan(file: string): SimulationPlan {
  const plan = readObject(file) as Partial<SimulationPlan>;
  const wrong = planMistake(plan);
  if (wrong !== null) throw bad(file, `no plan of a simulation: expected ${wrong}`);
  return plan as SimulationPlan;
}

/** What a plan lacks; null: it is one. */
function planMistake(plan: Partial<SimulationPlan>): string | null {
  const { setting, lives, directives, mix } = plan;
  for (const name of ['seed', 'clients', 'keysPerClient', 'valueSizeBytes', 'pipeline'] as const) {
    if (!Number.isInteger(plan[name])) return `a whole number as ${name}, ${found(plan[name])}`;
  }
  if (!simulatedSettings.includes(setting as SimulationPlan['setting'])) {
    return `one of ${simulatedSettings.join(', ')} as setting, ${found(setting)}`;
  }
  if (typeof mix !== 'string') return `a mix, ${found(mix)}`;
  if (!Array.isArray(directives)) return `a list as directives, ${found(directives)}`;
  if (!Array.isArray(lives) || lives.length === 0) return `lives, ${found(lives)}`;
  for (const [at, life] of lives.entries()) {
    const { turns, events, faults, cuts } = life as Partial<SimulationPlan['lives'][number]>;
    const isLife = Number.isInteger(turns) && Array.isArray(events) && Array.isArray(faults)
      && Array.isArray(cuts) && cuts.length > 0;
    if (!isLife) return `turns, events, faults and cuts in life ${at}, ${found(life)}`;
  }
  return null;
}

function found(value: unknown): string {
  return value === undefined ? 'found none' : `found ${JSON.stringify(value).slice(0, 60)}`;
}

function readObject(file: string): object {
  try {
    const value: unknown = JSON.parse(fs.readFileSync(file, 'utf8'));
    if (typeof value === 'object' && value !== null) return value;
  } catch (cause) {
    throw bad(file, reasonOf(cause));
  }
  throw bad(file, 'expected an object');
}

function bad(file: string, text: string): HarnessError {
  return new HarnessError('RECORD_BAD', `${file}: ${text}`);
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
