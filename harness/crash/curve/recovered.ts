// What a recovery after a cut would load: the manifest that is durable by then, its base, its
// increments. The rules of a server without damage: a file that another one follows must be whole,
// the last one is cut after its last whole command.

import { incrementSequence, manifestName } from '../../../engine/aof/format.ts';
import { parseManifest } from '../../../engine/aof/manifest.ts';
import type { Manifest } from '../../../engine/aof/manifest.ts';
import { reasonOf } from '../../errors.ts';
import { contentAfterDrops } from '../dropped-content.ts';
import type { CrashFile, CrashNode } from '../crash-tree.ts';
import { FileContent } from '../file-content.ts';
import { durableNodes } from '../names.ts';
import type { Timeline } from '../timeline.ts';
import { DecodedLog } from './decoded-log.ts';
import { readSnapshotPrefixes } from './snapshot-prefixes.ts';
import type { SnapshotContent } from './snapshot-prefixes.ts';
import type { Barriers } from '../../workloads/model/barriers.ts';
import type { Positions } from './positions.ts';

/** How a target keeps its data, and under which names. */
export interface Layout {
  readonly persist: 'none' | 'rdb' | 'aof' | 'rdb+aof';
  /** `dbfilename`. */
  readonly snapshotName: string;
  /** `appenddirname` and `appendfilename`. */
  readonly logDirectory: string;
  readonly logPrefix: string;
}

/** Redis' own names, which are the bundled engine's too. */
export function layoutOf(
  persist: Layout['persist'], directives: ReadonlyMap<string, string>,
): Layout {
  return {
    persist,
    snapshotName: directives.get('dbfilename') ?? 'dump.rdb',
    logDirectory: directives.get('appenddirname') ?? 'appendonlydir',
    logPrefix: directives.get('appendfilename') ?? 'appendonly.aof',
  };
}

/** What is loaded after a cut. */
export type Recovery =
  | { readonly kind: 'empty' }
  | { readonly kind: 'loads'; readonly base: Float64Array | null;
      readonly logs: readonly DecodedLog[] }
  | { readonly kind: 'refuses'; readonly why: string };

/** Answers for any instant; files are decoded once. */
export class Recoveries {
  readonly #timeline: Timeline;
  readonly #layout: Layout;
  readonly #positions: Positions;
  readonly #clients: number;
  readonly #barriers: Barriers;
  readonly #logs = new Map<CrashFile, DecodedLog>();
  readonly #snapshots = new Map<string, SnapshotContent>();
  readonly #contents = new Map<CrashFile, FileContent>();
  readonly #numbers = new Map<CrashFile, number>();

  constructor(
    timeline: Timeline,
    { layout, positions, clients, barriers }: {
      layout: Layout; positions: Positions; clients: number; barriers: Barriers;
    },
  ) {
    this.#timeline = timeline;
    this.#layout = layout;
    this.#positions = positions;
    this.#clients = clients;
    this.#barriers = barriers;
  }

  /** Whether a name is one of the log's increments: their growth alone changes no other choice. */
  isIncrement(name: string): boolean {
    return incrementSequence(this.#layout.logPrefix, name) > 0;
  }

  /** What is loaded after a power cut at an instant. */
  at(cutNs: number): Recovery {
    const { persist, snapshotName } = this.#layout;
    if (persist === 'none') return { kind: 'empty' };
    const nodes = durableNodes(this.#timeline, cutNs);
    if (persist === 'rdb') return this.#snapshotOnly(nodes.get(snapshotName), cutNs);
    return this.#fromManifest(nodes, cutNs);
  }

  #snapshotOnly(node: CrashNode | undefined, cutNs: number): Recovery {
    if (node?.kind !== 'file') return { kind: 'empty' };
    const content = this.#snapshot(node, cutNs);
    if (content.kind === 'bad') return { kind: 'refuses', why: content.why };
    return { kind: 'loads', base: this.#emptied(node, content.prefixes), logs: [] };
  }

  /** An empty snapshot holds what came before the flush that made it so. */
  #emptied(node: CrashFile, prefixes: Float64Array): Float64Array {
    if (this.#barriers.list.length === 0 || prefixes.some((prefix) => prefix > 0)) return prefixes;
    const made = this.#timeline.nameChanges.find((change) => change.node === node);
    const count = this.#barriers.emptiedBy(made?.openedNs ?? -Infinity);
    return prefixes.map((_, client) => this.#barriers.before(count, client));
  }

  #fromManifest(nodes: ReadonlyMap<string, CrashNode>, cutNs: number): Recovery {
    const { logDirectory, logPrefix } = this.#layout;
    const path = `${logDirectory}/${manifestName(logPrefix)}`;
    const node = nodes.get(path);
    if (node?.kind !== 'file') return this.#snapshotOnly(undefined, cutNs);
    const manifest = manifestIn(this.#bytes(node, cutNs), path);
    if (typeof manifest === 'string') return { kind: 'refuses', why: manifest };
    let base: Float64Array | null = null;
    if (manifest.base !== null) {
      const name = `${logDirectory}/${manifest.base.name}`;
      const file = nodes.get(name);
      if (file?.kind !== 'file') return missing(name);
      const content = this.#snapshot(file, cutNs);
      if (content.kind === 'bad') return { kind: 'refuses', why: `${name}: ${content.why}` };
      base = content.prefixes;
    }
    const logs: DecodedLog[] = [];
    for (const { name } of manifest.increments) {
      const file = nodes.get(`${logDirectory}/${name}`);
      if (file?.kind !== 'file') return missing(`${logDirectory}/${name}`);
      logs.push(this.log(file));
    }
    return { kind: 'loads', base, logs };
  }

  /** A log file, decoded at its first use. */
  log(file: CrashFile): DecodedLog {
    let found = this.#logs.get(file);
    if (found === undefined) {
      this.#logs.set(file, (found = new DecodedLog(file, this.#positions)));
    }
    return found;
  }

  /** The log file that a position lies in; null: none. */
  holderOf(position: number): DecodedLog | null {
    return [...this.#logs.values()].find((log) => log.holds(position)) ?? null;
  }

  #snapshot(file: CrashFile, cutNs: number): SnapshotContent {
    const version = `${this.#number(file)}.${file.durableCount(cutNs)}.${dropsUpTo(file, cutNs)}`;
    let found = this.#snapshots.get(version);
    if (found === undefined) {
      found = readSnapshotPrefixes(this.#bytes(file, cutNs), this.#clients);
      this.#snapshots.set(version, found);
    }
    return found;
  }

  #number(file: CrashFile): number {
    let found = this.#numbers.get(file);
    if (found === undefined) this.#numbers.set(file, (found = this.#numbers.size));
    return found;
  }

  #bytes(file: CrashFile, cutNs: number): Uint8Array {
    if (dropsUpTo(file, cutNs) > 0) return contentAfterDrops(file, cutNs);
    let content = this.#contents.get(file);
    if (content === undefined) this.#contents.set(file, (content = new FileContent(file)));
    return content.at(file.durableCount(cutNs));
  }
}

function dropsUpTo(file: CrashFile, cutNs: number): number {
  return file.drops.filter((drop) => drop.atNs <= cutNs).length;
}

function missing(path: string): Recovery {
  return { kind: 'refuses', why: `${path} is in the manifest and its name was not durable` };
}

function manifestIn(bytes: Uint8Array, path: string): Manifest | string {
  try {
    return parseManifest(Buffer.from(bytes), path);
  } catch (error) {
    return reasonOf(error);
  }
}
