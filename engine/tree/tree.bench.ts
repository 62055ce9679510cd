// Trees of a million elements: appended to, inserted into, searched, ranked, iterated.
// node engine/tree/tree.bench.ts [elements]

import { Bench } from 'tinybench';
import { Arena } from '../memory/arena.ts';
import { TreeHost } from './host.ts';
import { orderHash, orderPosition, orderScore, rootBytes, Tree } from './tree.ts';

const elements = Number(process.argv[2] ?? 1_000_000);
const arena = new Arena();
const host = new TreeHost(arena);
const roots = Buffer.alloc(rootBytes * 8);
const member = Buffer.from('member:000000000');
let state = 1;

/** The next of a cheap row of numbers, 0 to limit - 1. */
function random(limit: number): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * limit);
}

/** Writes member:<number>. */
function setMember(number: number): void {
  let rest = number;
  for (let at = 15; at > 6; at--) {
    member[at] = 48 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}

/** Any spread of numbers over 31 bits: the hash of bytes is not measured here. */
function hashOf(number: number): number {
  const hash = Math.imul(number ^ (number >>> 15), 0x2c1b3c6d);
  return Math.imul(hash ^ (hash >>> 12), 0x297a2d39) >>> 1;
}

/** Writes `member` to the element just inserted. */
function writeMember(tree: Tree): void {
  const { elementBuffer, elementStart } = tree;
  for (let at = 0; at < 16; at++) {
    elementBuffer[elementStart + at] = member[at] as number;
  }
}

function isMember(tree: Tree): boolean {
  const { elementBuffer, elementStart } = tree;
  for (let at = 15; at >= 0; at--) {
    if (elementBuffer[elementStart + at] !== member[at]) {
      return false;
    }
  }
  return true;
}

function appendTo(list: Tree, root: number): void {
  list.open(roots, root).seekEnd();
  list.insert(16);
  writeMember(list);
}

function findHash(tree: Tree, root: number, number: number): boolean {
  setMember(number);
  let found = tree.open(roots, root).seekHash(hashOf(number));
  while (found && !isMember(tree)) {
    found = tree.nextSameHash();
  }
  return found;
}

function insertHash(tree: Tree, root: number, number: number): void {
  if (!findHash(tree, root, number)) {
    tree.insert(16);
    writeMember(tree);
  }
}

function insertScore(tree: Tree, root: number, score: number, number: number): void {
  setMember(number);
  if (!tree.open(roots, root).seekScore(score, member, 0, 16)) {
    tree.insert(16);
    writeMember(tree);
  }
}

function print(name: string, ns: number): void {
  console.log(`${name.padEnd(42)} ${ns.toFixed(0).padStart(6)} ns  ${(1e9 / ns).toFixed(0)}/s`);
}

/** CPU time, so that whoever shares the machine does not count. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function report(name: string, operations: number, step: (at: number) => void): void {
  const beginMs = cpuMs();
  for (let at = 0; at < operations; at++) {
    step(at);
  }
  print(name, ((cpuMs() - beginMs) * 1e6) / operations);
}

function bytesEach(name: string, root: number): void {
  const bytes = host.occupiedBytes(roots, root);
  const { count } = new Tree(host).open(roots, root);
  console.log(`${name.padEnd(42)} ${(bytes / count - 16).toFixed(1).padStart(6)} bytes over 16`);
}

function build(tree: Tree): void {
  const orders = [orderPosition, orderHash, orderScore, orderScore, orderHash, orderScore];
  [...orders, orderPosition].forEach((order, at) => tree.create(roots, at * rootBytes, order));
  report('list: append', elements, () => appendTo(tree, 0));
  report('list: insert at the head', elements, () => {
    tree.open(roots, 96).seekRank(0);
    tree.insert(16);
    writeMember(tree);
  });
  report('hash: insert', elements, (at) => insertHash(tree, 16, at));
  report('sorted: insert, scores at random', elements, (at) =>
    insertScore(tree, 32, random(2 ** 31), at));
  report('sorted: insert, scores in order', elements, (at) => insertScore(tree, 48, at, at));
  report('sorted: insert, equal scores at random', elements, () =>
    insertScore(tree, 80, 0, random(1e9)));
  report('hash: insert up to 10 k', 10_000, (at) => insertHash(tree, 64, at));
  bytesEach('list', 0);
  bytesEach('list from the head', 96);
  bytesEach('hash', 16);
  bytesEach('sorted, at random', 32);
  bytesEach('sorted, in order', 48);
  bytesEach('sorted, equal scores', 80);
}

async function main(): Promise<void> {
  const tree = new Tree(host);
  build(tree);
  const bench = new Bench({ time: 300, warmupTime: 100, now: cpuMs });
  const batch = 1000;
  const add = (name: string, step: () => unknown): void => {
    bench.add(name, () => {
      for (let at = 0; at < batch; at++) {
        step();
      }
    });
  };
  add('hash of 10 k: find', () => findHash(tree, 64, random(10_000)));
  add('hash: find', () => findHash(tree, 16, random(elements)));
  add('list: by rank', () => tree.open(roots, 0).seekRank(random(elements)));
  add('sorted: by rank', () => tree.open(roots, 32).seekRank(random(elements)));
  add('sorted: find score', () => tree.open(roots, 48).seekScore(random(elements), member, 0, 0));
  add('sorted: find score, then its rank', () => {
    tree.open(roots, 48).seekScore(random(elements), member, 0, 0);
    return tree.rank;
  });
  const walker = new Tree(host).open(roots, 48);
  walker.seekRank(0);
  add('sorted: next', () => walker.next() || walker.seekRank(0));
  add('list: pop at the head and append', () => {
    tree.open(roots, 0).seekRank(0);
    tree.remove();
    appendTo(tree, 0);
  });
  add('sorted: remove at random and insert', () => {
    tree.open(roots, 32).seekRank(random(elements));
    tree.remove();
    insertScore(tree, 32, random(2 ** 31), random(1e9));
  });
  await bench.run();
  for (const { name, result } of bench.tasks) {
    print(name, 'latency' in result ? (result.latency.mean * 1e6) / batch : NaN);
  }
}

await main();
