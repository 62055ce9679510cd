// Damage done to what a healthy toy run left, each kind where it shows. A damage returns false when
// the run offers no place for it.

import { slotKey } from '../../workloads/keys.ts';
import { NO_SLOT } from '../../workloads/operations.ts';
import type { OperationKind } from '../../workloads/operations.ts';
import { ValueCodec } from '../../workloads/value.ts';
import type { ToyOperation, ToyRun } from './toy-run.ts';
import type { ToyServer } from './toy-server.ts';

/** A run whose every operation was executed, and the state that it left. */
export interface Scene {
  readonly run: ToyRun;
  readonly server: ToyServer;
  /** When the keys will be read. */
  readonly wallMs: number;
}

/** What names an operation. */
export type Numbered = Pick<ToyOperation, 'client' | 'sequence'>;

/** Changes the state before it is read back. */
export type Damage = (scene: Scene) => boolean;

/** Executed operations of one kind that are not their client's last, in a seeded order. */
export function candidates(scene: Scene, kind: OperationKind): ToyOperation[] {
  const { run } = scene;
  const from = run.random(run.executed.length);
  return [...run.executed.slice(from), ...run.executed.slice(0, from)].filter((each) => (
    run.operations.describe(each.client, each.sequence).kind === kind
    && run.executed.some((other) => other.client === each.client
      && other.sequence > each.sequence)));
}

/** The keys of an operation. */
export function keysOf(scene: Scene, { client, sequence }: Numbered): readonly string[] {
  return scene.run.operations.describe(client, sequence).keys;
}

/** Whether no later operation of its client touches any of its keys. */
export function isLastOnItsKeys(scene: Scene, operation: Numbered): boolean {
  const keys = keysOf(scene, operation);
  return !scene.run.executed.some((other) => other.client === operation.client
    && other.sequence > operation.sequence
    && keysOf(scene, other).some((key) => keys.includes(key)));
}

/** Executes everything again but for some operations, or with other commands in their place. */
export function replayWith(
  scene: Scene, replaced: ReadonlyMap<ToyOperation, readonly Buffer[][]>,
): void {
  const { run, server } = scene;
  for (const entries of server.databases) entries.clear();
  for (const each of run.executed) {
    const database = run.operations.databaseOf(each.client);
    server.run(replaced.get(each) ?? run.commands(each), database);
  }
}

/** The value that an operation gives. */
export function valueOf(scene: Scene, { client, sequence }: Numbered): Buffer {
  const value = Buffer.alloc(scene.run.spec.valueSizeBytes);
  new ValueCodec(scene.run.spec).write(value, 0, client, sequence);
  return value;
}

/** Puts a value where a key is or was. */
export function put(scene: Scene, name: string, value: Buffer, deadlineMs: number = 0): true {
  scene.server.entries.set(name, { value, deadlineMs });
  return true;
}

/** A plain key that no later operation of its client writes, with the SET that wrote it. */
export function lastSet(scene: Scene): { name: string; operation: ToyOperation } | null {
  const operation = candidates(scene, 'set').find((each) => isLastOnItsKeys(scene, each));
  return operation ? { name: keysOf(scene, operation)[0] ?? '', operation } : null;
}

/** A plain key that the client deleted last, with an earlier write of it. */
export function deletedKey(scene: Scene): { name: string; before: ToyOperation } | null {
  for (const deletion of candidates(scene, 'delete')) {
    if (!isLastOnItsKeys(scene, deletion)) continue;
    const [name = ''] = keysOf(scene, deletion);
    const before = scene.run.executed.find((each) => each.client === deletion.client
      && each.sequence < deletion.sequence && keysOf(scene, each).includes(name)
      && scene.run.operations.describe(each.client, each.sequence).kind === 'set');
    if (before && name.startsWith('k:')) return { name, before };
  }
  return null;
}

/** A plain key that `operation` does not write. */
export function anotherKey(scene: Scene, operation: ToyOperation): string {
  const { operations, spec } = scene.run;
  operations.load(operation.client, operation.sequence);
  const taken = [operations.slotA, operations.slotB];
  for (let slot = 0; slot < spec.keysPerClient; slot++) {
    if (slot !== NO_SLOT && !taken.includes(slot)) return slotKey(spec, operation.client, slot);
  }
  return '';
}

/** The witness as if its client had stopped earlier, or anything else. */
export function putWitness(scene: Scene, client: number, text: string): true {
  return put(scene, `w:${String(client).padStart(5, '0')}`, Buffer.from(text));
}
