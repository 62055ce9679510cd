// Every kind of damage is found, as what it is and nothing else, wherever a seeded run has room.

import test from 'ava';

import { judge } from './judge.ts';
import type { FindingKind } from './judgement.ts';
import {
  anotherKey, candidates, deletedKey, isLastOnItsKeys, keysOf, lastSet, put, putWitness, replayWith,
  valueOf,
} from './test-support/damage.ts';
import type { Damage, Numbered, Scene } from './test-support/damage.ts';
import type { ToyEntry } from './test-support/toy-server.ts';
import { toyCut, ToyRun, toyStartWallMs } from './test-support/toy-run.ts';

const rounds = 40;
const margin = 1_001;

/** What is done, and the only kind that may be found after it. */
interface Row {
  readonly name: string;
  readonly kind: FindingKind;
  readonly damage: Damage;
  /** `chaos` unless given. */
  readonly mix?: 'full';
  /** Kinds that may be found beside it. */
  readonly beside?: readonly FindingKind[];
}

function replaceLast(scene: Scene, name: string, change: (value: Buffer) => Buffer): boolean {
  const entry = scene.server.entries.get(name);
  if (!entry) return false;
  return put(scene, name, change(Buffer.from(entry.value)), entry.deadlineMs);
}

function keepHalf(kind: 'pair' | 'increment', keep: 1 | 2): Damage {
  return (scene) => {
    const operation = candidates(scene, kind).reverse().find((each) => (
      kind === 'pair' ? isLastOnItsKeys(scene, each) : isLastWitness(scene, each)));
    if (!operation) return false;
    replayWith(scene, new Map([[operation, [scene.run.commands(operation)[keep] ?? []]]]));
    return true;
  };
}

function isLastWitness(scene: Scene, operation: Numbered): boolean {
  const { run } = scene;
  const own = run.executed.filter((each) => each.client === operation.client
    && each.sequence > operation.sequence);
  return isLastOnItsKeys(scene, operation)
    && own.every((each) => !run.operations.describe(each.client, each.sequence).hasWitness);
}

function drop(kind: 'set' | 'increment'): Damage {
  return (scene) => {
    const operation = candidates(scene, kind).find((each) => (
      isLastOnItsKeys(scene, each) && !isLastWitness(scene, each)));
    if (!operation) return false;
    // The witness stays: another operation wrote it later.
    replayWith(scene, new Map([[operation, []]]));
    return true;
  };
}

function onLastSet(
  change: (scene: Scene, found: { name: string; value: Buffer }) => Buffer,
): Damage {
  return (scene) => {
    const found = lastSet(scene);
    if (!found) return false;
    return replaceLast(scene, found.name, (value) => change(scene, { name: found.name, value }));
  };
}

function onBrief(when: 'past' | 'pending', act: (scene: Scene, name: string) => boolean): Damage {
  return (scene) => {
    const operation = candidates(scene, 'brief').find(({ client, sequence }) => {
      const { deadlineMs } = scene.run.operations.describe(client, sequence);
      const leftMs = deadlineMs - scene.wallMs;
      return when === 'past' ? leftMs < -margin - 20 : leftMs > margin + 20;
    });
    const [name = ''] = operation ? keysOf(scene, operation) : [];
    return name !== '' && act(scene, name);
  };
}

/** A collection with at least so many elements, in the database of its client. */
function collection(
  { run, server }: Scene, { letter, least }: { letter: string; least: number },
): { entries: Map<string, ToyEntry>; name: string; entry: ToyEntry } | null {
  for (const entries of server.databases) {
    for (const [name, entry] of entries) {
      const client = Number(name.slice(2, 7));
      const isOwn = server.databases[run.operations.databaseOf(client)] === entries;
      const size = entry.list?.length ?? entry.fields?.size ?? 0;
      if (isOwn && name.startsWith(`${letter}:`) && size >= least) return { entries, name, entry };
    }
  }
  return null;
}

function onList(change: (list: Buffer[]) => Buffer[], least: number = 2): Damage {
  return (scene) => {
    const found = collection(scene, { letter: 'l', least });
    if (found === null || found.entry.list === undefined) return false;
    found.entries.set(found.name, { ...found.entry, list: change([...found.entry.list]) });
    return true;
  };
}

function onFields(letter: string, change: (fields: Map<string, Buffer | null>) => void): Damage {
  return (scene) => {
    const found = collection(scene, { letter, least: 2 });
    if (found?.entry.fields === undefined) return false;
    const fields = new Map(found.entry.fields);
    change(fields);
    found.entries.set(found.name, { ...found.entry, fields });
    return true;
  };
}

function removeOne(fields: Map<string, unknown>): void {
  fields.delete([...fields.keys()][0] ?? '');
}

/** An operation that runs alone leaves its witness only. */
function without(kind: 'swap' | 'flush'): Damage {
  return (scene) => {
    const { run } = scene;
    const operation = candidates(scene, kind).find(({ client, sequence }) => (
      !run.executed.some((later) => later.sequence > sequence
        && run.operations.runsAlone(later.client, later.sequence) && later.client === client)));
    if (operation === undefined) return false;
    const [multi = [], , witness = [], exec = []] = scene.run.commands(operation);
    replayWith(scene, new Map([[operation, [multi, witness, exec]]]));
    return true;
  };
}

const swapped: readonly FindingKind[] = [
  'resurrected', 'hole', 'split', 'deadline', 'phantom', 'expired-early',
];

const rows: readonly Row[] = [
  { name: 'an element of a list gone', kind: 'hole', mix: 'full', beside: ['split'],
    damage: onList((list) => list.slice(1)) },
  { name: 'an element of a list twice', kind: 'phantom', mix: 'full', beside: ['split'],
    damage: onList((list) => [...list, list[0] as Buffer]) },
  { name: 'a list in another order', kind: 'hole', mix: 'full', beside: ['split'],
    damage: onList((list) => list.reverse()) },
  { name: 'an element of a list cut short', kind: 'torn', mix: 'full',
    damage: onList((list) => [(list[0] as Buffer).subarray(1), ...list.slice(1)]) },
  { name: 'a field of a hash gone', kind: 'hole', mix: 'full', beside: ['split'],
    damage: onFields('h', removeOne) },
  { name: 'a member of a set gone', kind: 'hole', mix: 'full', beside: ['split'],
    damage: onFields('s', removeOne) },
  { name: 'a member of a sorted set gone', kind: 'hole', mix: 'full', beside: ['split'],
    damage: onFields('z', removeOne) },
  { name: 'a score that was never given', kind: 'phantom', mix: 'full',
    damage: onFields('z', (fields) => {
      fields.set([...fields.keys()][0] ?? '', Buffer.from('9999'));
    }) },
  { name: 'a member of a set that was never added', kind: 'resurrected', mix: 'full',
    beside: ['split'], damage: onFields('s', (fields) => {
      const [first = ''] = fields.keys();
      fields.set(`${first[0]}255`, null);
    }) },
  { name: 'a collection without its deadline', kind: 'deadline', mix: 'full', damage: (scene) => {
    for (const letter of 'lhsz') {
      const found = collection(scene, { letter, least: 1 });
      if (found === null || found.entry.deadlineMs === 0) continue;
      found.entries.set(found.name, { ...found.entry, deadlineMs: 0 });
      return true;
    }
    return false;
  } },
  { name: 'a swap of the databases not done', kind: 'resurrected', mix: 'full', beside: swapped,
    damage: without('swap') },
  { name: 'a flush not done', kind: 'resurrected', mix: 'full', beside: swapped,
    damage: without('flush') },
  { name: 'a SET in the middle dropped', kind: 'hole', damage: drop('set') },
  { name: 'an INCR in the middle dropped', kind: 'hole', damage: drop('increment') },
  { name: 'a write absent altogether', kind: 'hole', damage: (scene) => {
    const found = lastSet(scene);
    return found !== null && scene.server.entries.delete(found.name);
  } },
  { name: 'a deleted key revived', kind: 'resurrected', damage: (scene) => {
    const found = deletedKey(scene);
    return found !== null && put(scene, found.name, valueOf(scene, found.before));
  } },
  { name: 'a deleted counter revived', kind: 'resurrected', damage: (scene) => {
    const deletion = candidates(scene, 'delete').find((each) => (
      keysOf(scene, each)[0]?.startsWith('n:') && isLastOnItsKeys(scene, each)));
    if (!deletion) return false;
    const [name = ''] = keysOf(scene, deletion);
    const before = scene.run.executed.filter((each) => each.client === deletion.client
      && each.sequence < deletion.sequence);
    const entry = scene.run.serverAfter(before).entries.get(name);
    return entry !== undefined && put(scene, name, entry.value);
  } },
  { name: 'an expired key revived without its deadline', kind: 'resurrected',
    damage: onBrief('past', (scene, name) => {
      const entry = scene.server.entries.get(name);
      return entry !== undefined && put(scene, name, entry.value);
    }) },
  { name: 'a key gone before its brief deadline', kind: 'expired-early',
    damage: onBrief('pending', (scene, name) => scene.server.entries.delete(name)) },
  { name: 'a key gone before its far deadline', kind: 'expired-early', damage: (scene) => {
    const operation = candidates(scene, 'set-expire').find((each) => isLastOnItsKeys(scene, each));
    const [name = ''] = operation ? keysOf(scene, operation) : [];
    return scene.server.entries.delete(name);
  } },
  { name: 'a deadline dropped', kind: 'deadline', damage: (scene) => {
    const operation = candidates(scene, 'set-expire').find((each) => isLastOnItsKeys(scene, each));
    const [name = ''] = operation ? keysOf(scene, operation) : [];
    return operation !== undefined && put(scene, name, valueOf(scene, operation));
  } },
  { name: 'a deadline where none was set', kind: 'deadline', damage: (scene) => {
    const found = lastSet(scene);
    return found !== null
      && put(scene, found.name, valueOf(scene, found.operation), toyStartWallMs + 9e6);
  } },
  { name: 'a value cut short', kind: 'torn',
    damage: onLastSet((scene, { value }) => value.subarray(0, scene.run.random(value.length))) },
  { name: 'a value with a zero tail', kind: 'torn',
    damage: onLastSet((scene, { value }) => value.fill(0, 17 + scene.run.random(10))) },
  { name: 'one bit flipped', kind: 'torn', damage: onLastSet((scene, { value }) => {
    const at = scene.run.random(value.length);
    value[at] = (value[at] as number) ^ (1 << scene.run.random(8));
    return value;
  }) },
  { name: 'two bytes swapped', kind: 'torn', damage: onLastSet((_, { value }) => {
    const at = value.findIndex((byte, index) => index > 16 && byte !== value[index - 1]);
    [value[at], value[at - 1]] = [value[at - 1] as number, value[at] as number];
    return value;
  }) },
  { name: 'the last value of a client torn', kind: 'torn', damage: (scene) => {
    const { run } = scene;
    const last = run.executed.findLast(({ client }) => client === 0);
    if (!last || run.operations.describe(0, last.sequence).kind !== 'set') return false;
    return replaceLast(scene, keysOf(scene, last)[0] ?? '', (value) => value.fill(0));
  } },
  { name: 'a counter that is no number', kind: 'torn', damage: (scene) => {
    const [operation] = candidates(scene, 'increment');
    const [name = ''] = operation ? keysOf(scene, operation) : [];
    return replaceLast(scene, name, () => Buffer.from('1x'));
  } },
  { name: 'a witness that is no number', kind: 'torn',
    damage: (scene) => putWitness(scene, 0, '00000000x1') },
  { name: 'only the first half of a pair', kind: 'split', damage: keepHalf('pair', 1) },
  { name: 'only the second half of a pair', kind: 'split', damage: keepHalf('pair', 2) },
  { name: 'an INCR without its witness', kind: 'split', damage: keepHalf('increment', 1) },
  { name: 'a witness without its INCR', kind: 'split', damage: keepHalf('increment', 2) },
  { name: 'an INCR done twice', kind: 'phantom', damage: (scene) => {
    const operation = candidates(scene, 'increment').find((each) => (
      scene.server.entries.has(keysOf(scene, each)[0] ?? '')));
    const [name = ''] = operation ? keysOf(scene, operation) : [];
    return replaceLast(scene, name, (value) => Buffer.from(String(Number(value.toString()) + 1)));
  } },
  { name: 'a value under the wrong key', kind: 'phantom', damage: (scene) => {
    const found = lastSet(scene);
    if (!found) return false;
    return put(scene, anotherKey(scene, found.operation), valueOf(scene, found.operation));
  } },
  { name: 'a value never sent', kind: 'phantom', damage: (scene) => {
    const found = lastSet(scene);
    const future = { client: found?.operation.client ?? 0, sequence: 1_000_000 };
    return found !== null && put(scene, found.name, valueOf(scene, future));
  } },
  { name: 'a value of another client', kind: 'phantom', damage: (scene) => {
    const found = lastSet(scene);
    const foreign = { client: ((found?.operation.client ?? 0) + 1) % 3, sequence: 1 };
    return found !== null && put(scene, found.name, valueOf(scene, foreign));
  } },
  { name: 'a witness never sent', kind: 'phantom',
    damage: (scene) => putWitness(scene, 0, '0000999999') },
  { name: 'a key of nobody', kind: 'phantom',
    damage: (scene) => put(scene, 'stranger', Buffer.from('x')) },
];

for (const { name, kind, damage, mix = 'chaos', beside = [] } of rows) {
  test(`${name}: ${kind}`, (t) => {
    let places = 0;
    for (let seed = 1; seed <= rounds; seed++) {
      const run = new ToyRun({
        seed, clients: 3, keysPerClient: 25, mix, operations: mix === 'full' ? 700 : 300,
      });
      const wallMs = toyStartWallMs + 5_000;
      const scene = { run, server: run.serverAfter(run.executed), wallMs };
      if (!damage(scene)) continue;
      places++;
      const cutNs = run.executed.at(-1)?.executedNs ?? 0;
      const survivors = run.survivors(scene.server, wallMs);
      const judgement = judge({ ...run.history(), ...toyCut(cutNs, survivors) });
      const kinds = [...new Set(judgement.findings.map((finding) => finding.kind))]
        .filter((each) => !beside.includes(each) || each === kind);
      if (beside.length > 0 && kinds.length === 0) {
        t.true(judgement.findings.length > 0, `seed ${seed}: nothing found`);
      } else {
        const words = JSON.stringify(judgement.findings, null, 1);
        t.deepEqual(kinds, [kind], `seed ${seed}: ${words}`);
      }
      t.is(judgement.verdict, 'fail');
    }
    t.true(places >= 5, `only ${places} of ${rounds} runs had a place for it`);
  });
}
