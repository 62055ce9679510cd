// Keeps the shape of the house: import law, sizes, and which rooms may touch the outside world.
import test from 'ava';
import { parse } from 'acorn';
import fs from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import path from 'node:path';

const root = import.meta.dirname;
const fileLinesMax = 500;
const functionLinesMax = 70;
const columnsMax = 100;
const positionalParametersMax = 3;

interface Source {
  readonly name: string; // relative to the root, with forward slashes
  readonly text: string;
}

function walk(directory: string): string[] {
  return fs.readdirSync(path.join(root, directory), { withFileTypes: true }).flatMap((entry) => {
    const name = `${directory}/${entry.name}`;
    if (entry.isDirectory()) return entry.name === 'testdata' ? [] : walk(name);
    return name.endsWith('.ts') ? [name] : [];
  });
}

const sources: readonly Source[] = ['engine', 'harness', 'scenarios'].flatMap((directory) =>
  walk(directory).map((name) => ({ name, text: fs.readFileSync(path.join(root, name), 'utf8') })),
);
const isTest = (name: string): boolean => /\.(test|bench)\.ts$/.test(name);
const products = sources.filter(({ name }) => !isTest(name) && !name.includes('test-support'));

// The rank of every room: an import may only go to a lower rank or stay in its room.
const ranks: Readonly<Record<string, number>> = {
  'engine/errors.ts': 0, 'engine/resp': 1, 'engine/io': 1,
  'engine/memory': 2, 'engine/tree': 2.5, 'engine/keyspace': 3, 'engine/collections': 3.5,
  'engine/rdb': 3.8, 'engine/commands': 4, 'engine/aof': 4,
  'engine/persistence': 5, 'engine/tools': 5.5, 'engine/config': 6, 'engine/server': 7,
  'engine/start.ts': 8, 'engine/main.ts': 8.5, 'engine/snapshot-worker.ts': 8.5,
  'harness/errors.ts': 9, 'harness/history': 10, 'harness/metrics': 10,
  'harness/holdings': 10, 'harness/disks': 11.5,
  'harness/targets': 11, 'harness/workloads': 11, 'harness/faultfs': 11,
  'harness/drivers': 12, 'harness/faults': 12.5, 'harness/checkers': 12, 'harness/crash': 12,
  'harness/plan': 13, 'harness/s3': 10, 'harness/avalanche': 12.5, 'harness/backup': 13.2,
  'harness/simulation': 13.5,
  'harness/report': 14, 'harness/run': 15, 'harness/claims': 15.3,
  'harness/selfcheck': 15.5, 'harness/soak': 15.5, 'harness/cli': 16,
  'harness/index.ts': 16, scenarios: 17,
};

function roomOf(name: string): string {
  const parts = name.split('/');
  return parts[0] === 'scenarios' ? 'scenarios' : parts.slice(0, 2).join('/');
}

interface Import {
  readonly target: string;
  readonly typeOnly: boolean;
}

function importsOf({ name, text }: Source): Import[] {
  const pattern = /^(?:import|export)\s+(type\s+)?[^'"]*?from\s+'(\.[^']+)'|^import\s+'(\.[^']+)'/gm;
  return [...text.matchAll(pattern)].map((match) => ({
    target: path.posix.normalize(`${path.posix.dirname(name)}/${match[2] ?? match[3]}`),
    typeOnly: match[1] !== undefined,
  }));
}

function breachOf(from: string, { target, typeOnly }: Import): string | null {
  const [room, targetRoom] = [roomOf(from), roomOf(target)];
  const [rank, targetRank] = [ranks[room], ranks[targetRoom]];
  if (rank === undefined || targetRank === undefined) return `${from} → ${target}: unknown room`;
  if (room === targetRoom) return null;
  if (room === 'scenarios' && target !== 'harness/index.ts') {
    return `${from} → ${target}: a scenario imports harness/index.ts and nothing deeper`;
  }
  const entry = /^engine\/(start|main|snapshot-worker)\.ts$/.test(room);
  // disk.ts is the port alone, without node:fs: interface, errors, whole reads and writes.
  const touchesIo = targetRoom === 'engine/io' && target !== 'engine/io/disk.ts';
  if (room.startsWith('engine/') && touchesIo && !entry && !typeOnly) {
    return `${from} → ${target}: io is imported as types except at entry points`;
  }
  return targetRank < rank ? null : `${from} → ${target}: the arrow runs back up`;
}

test('the import law holds: arrows go one way', (t) => {
  t.true(products.length > 50, 'the walk found the sources');
  const breaches = products.flatMap((source) =>
    importsOf(source).flatMap((one) => breachOf(source.name, one) ?? []),
  );
  t.deepEqual(breaches, []);
});

test('files stay under 500 lines and 100 columns', (t) => {
  const breaches = sources.flatMap(({ name, text }) => {
    const lines = text.split('\n');
    const wide = lines.findIndex((line) => [...line].length > columnsMax && !line.includes('http'));
    return [
      ...(lines.length > fileLinesMax + 1 ? [`${name}: ${lines.length} lines`] : []),
      ...(wide >= 0 ? [`${name}:${wide + 1}: over ${columnsMax} columns`] : []),
    ];
  });
  t.deepEqual(breaches, []);
});

interface Node {
  readonly type: string;
  readonly loc: { readonly start: { readonly line: number }; readonly end: { readonly line: number } };
  readonly params?: readonly unknown[];
}

function visit(value: unknown, each: (node: Node) => void): void {
  if (Array.isArray(value)) for (const item of value) visit(item, each);
  else if (value !== null && typeof value === 'object') {
    if ('type' in value && 'loc' in value) each(value as Node);
    for (const [key, child] of Object.entries(value)) if (key !== 'loc') visit(child, each);
  }
}

function functionsOf({ text }: Source): Node[] {
  const found: Node[] = [];
  const options = { ecmaVersion: 'latest', sourceType: 'module', locations: true } as const;
  visit(parse(stripTypeScriptTypes(text), options), (node) => {
    if (/Function/.test(node.type)) found.push(node);
  });
  return found;
}

test('functions stay under 70 lines and three positional parameters', (t) => {
  // Leaf functions over buffers take (buffer, start, end, …): their file says why.
  const buffersOnly = new RegExp([
    '^engine/(memory|tree|keyspace|collections|resp|rdb|aof|io|commands)/',
    '^harness/(workloads|history|drivers/resp/load|simulation/world|selfcheck)/',
  ].join('|'));
  const breaches = products.flatMap((source) =>
    functionsOf(source).flatMap((node) => {
      const lines = node.loc.end.line - node.loc.start.line + 1;
      const at = `${source.name}:${node.loc.start.line}`;
      const limit = buffersOnly.test(source.name) ? 7 : positionalParametersMax;
      return [
        ...(lines > functionLinesMax ? [`${at}: ${lines} lines`] : []),
        ...((node.params?.length ?? 0) > limit ? [`${at}: ${node.params?.length} parameters`] : []),
      ];
    }),
  );
  t.deepEqual(breaches, []);
});

test('only the edges touch the machine', (t) => {
  const outside = /from 'node:(fs|net|fs\/promises|child_process|worker_threads|os)'|\bDate\.now\(|\bMath\.random\(|\bperformance\.now\(|\bprocess\.|\bsetTimeout\(|\bsetInterval\(/;
  const engineEdges = /^engine\/(io|server|tools)\/|^engine\/(main|start|snapshot-worker)\.ts$/;
  const pureHarness = /^harness\/(workloads|checkers|crash\/(?!materialize)|plan\/(?!load)|report\/(?!write|progress))/;
  const breaches = products.flatMap(({ name, text }) => {
    const inner = name.startsWith('engine/') ? !engineEdges.test(name) : pureHarness.test(name);
    const code = text.replaceAll(/\/\*[^]*?\*\/|\/\/.*$/gm, '');
    const match = inner ? outside.exec(code) : null;
    return match === null ? [] : [`${name}: ${match[0]}`];
  });
  t.deepEqual(breaches, []);
});

test('every file says what it is for', (t) => {
  const silent = sources.filter(({ text }) => !/^(#!.*\n)?(\/\/|\/\*)/.test(text));
  t.deepEqual(silent.map(({ name }) => name), []);
});

test('no leftover marks and no console in the product', (t) => {
  const marks = /\b(FIXME|XXX|TODO)\b|\bconsole\.|\bdebugger\b/;
  t.deepEqual(products.filter(({ text }) => marks.test(text)).map(({ name }) => name), []);
});
