// The arena by examples: reservations, slabs, runs, a full arena, and addresses past 2 GiB.
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { EngineError } from '../errors.ts';
import { Arena } from './arena.ts';

const mib = 2 ** 20;
const gib = 2 ** 30;

function assertFull(t: ExecutionContext, act: () => unknown): void {
  const error = t.throws(act, { instanceOf: EngineError });
  t.is(error?.code, 'ARENA_FULL');
}

/** Allocates until the arena is full. */
function fillWith(arena: Arena, bytes: number): number[] {
  const blocks: number[] = [];
  for (;;) {
    try {
      blocks.push(arena.allocate(bytes));
    } catch (error) {
      if (error instanceof EngineError && error.code === 'ARENA_FULL') return blocks;
      throw error;
    }
  }
}

for (const { capacityBytes, got } of [
  { capacityBytes: 1, got: mib },
  { capacityBytes: mib, got: mib },
  { capacityBytes: 3 * mib + 8, got: 3 * mib + 8 },
  { capacityBytes: 2 ** 40, got: 16 * gib },
]) {
  test(`an arena of ${capacityBytes} bytes has ${got}`, (t) => {
    const arena = new Arena({ capacityBytes });
    // A system with less address space gives less, but the power of two of it.
    t.true(arena.capacityBytes === got || (got > gib && Math.log2(arena.capacityBytes) % 1 === 0));
    t.is(arena.usedBytes, 0);
    t.is(arena.reservedBytes, 0);
    t.true(arena.allocate(1) > 0);
  });
}

test('blocks of every size up to 40 KiB can be filled without touching each other', (t) => {
  const arena = new Arena({ capacityBytes: 64 * mib });
  const blocks: { at: number; bytes: number; mark: number }[] = [];
  for (let bytes = 0; bytes < 40960; bytes += bytes < 600 ? 1 : 509) {
    const mark = (bytes % 251) + 1;
    const at = arena.allocate(bytes);
    t.true(arena.blockBytes(bytes) >= bytes);
    arena.u8.fill(mark, at * 8, at * 8 + arena.blockBytes(bytes));
    blocks.push({ at, bytes, mark });
  }
  t.is(arena.usedBytes, blocks.reduce((sum, { bytes }) => sum + arena.blockBytes(bytes), 0));
  const damaged = blocks.filter(({ at, bytes, mark }) =>
    arena.u8.subarray(at * 8, at * 8 + arena.blockBytes(bytes)).some((byte) => byte !== mark));
  t.deepEqual(damaged, []);
  for (const { at, bytes } of blocks) arena.free(at, bytes);
  arena.trim();
  t.is(arena.usedBytes, 0);
  t.is(arena.reservedBytes, 0);
  t.is(arena.freeRunBytes, 0);
});

test('large runs merge with both neighbours', (t) => {
  const arena = new Arena({ capacityBytes: mib });
  const a = arena.allocate(60_000);
  const b = arena.allocate(80_000);
  const c = arena.allocate(100_000);
  const fence = arena.allocate(20_000);
  arena.free(a, 60_000);
  arena.free(c, 100_000);
  t.is(arena.allocate(60_000), a, 'the exact hole is taken again');
  arena.free(a, 60_000);
  arena.free(b, 80_000);
  t.is(arena.allocate(239_000), a, 'three holes are one');
  arena.free(a, 239_000);
  arena.free(fence, 20_000);
  t.is(arena.usedBytes, 0);
  t.is(arena.reservedBytes, 0);
});

test('free runs serve small blocks, and empty slabs serve large runs', (t) => {
  const arena = new Arena({ capacityBytes: mib });
  const small = fillWith(arena, 100);
  t.true(small.length * 104 > 0.9 * mib, 'little is lost');
  for (const address of small) arena.free(address, 100);
  t.true(arena.reservedBytes < 20_000, 'all but one of the slabs are given back at once');
  const large = arena.allocate(900_000);
  assertFull(t, () => arena.allocate(200_000));
  arena.free(large, 900_000);
  t.is(fillWith(arena, 100).length, small.length);
});

for (const bytes of [16, 1000, 5000, 300_000]) {
  test(`full of ${bytes}-byte blocks: nothing is lost, one free block makes room for one`, (t) => {
    const arena = new Arena({ capacityBytes: mib });
    const blocks = fillWith(arena, bytes);
    for (const address of blocks) arena.u32[address * 2] = address;
    const before = [arena.usedBytes, arena.reservedBytes, arena.freeRunBytes];
    assertFull(t, () => arena.allocate(bytes));
    t.deepEqual([arena.usedBytes, arena.reservedBytes, arena.freeRunBytes], before);
    t.true(blocks.every((address) => arena.u32[address * 2] === address));
    const middle = blocks.splice(blocks.length >> 1, 1)[0] ?? 0;
    arena.free(middle, bytes);
    t.is(arena.allocate(bytes), middle);
    assertFull(t, () => arena.allocate(bytes));
  });
}

for (const bytes of [mib, 2 ** 31, 2 ** 34, 2 ** 38, 2 ** 40, 2 ** 45, 2 ** 52]) {
  test(`a block of ${bytes} bytes never fits into 1 MiB`, (t) => {
    const arena = new Arena({ capacityBytes: mib });
    const first = arena.allocate(100_000);
    const fence = arena.allocate(20_000);
    arena.free(first, 100_000);
    assertFull(t, () => arena.allocate(bytes));
    t.is(arena.allocate(100_000), first);
    arena.free(fence, 20_000);
  });
}

test('a block freed with a size of another class is refused and nothing changes', (t) => {
  const arena = new Arena({ capacityBytes: mib });
  const address = arena.allocate(100);
  const used = arena.usedBytes;
  t.throws(() => arena.free(address, 200), { message: /was not allocated with 200 bytes/ });
  t.is(arena.usedBytes, used);
  arena.free(address, 97);
  t.is(arena.usedBytes, 0);
});

test('reset gives everything back and what lay there does no harm', (t) => {
  const arena = new Arena({ capacityBytes: mib });
  for (let round = 0; round < 3; round++) {
    const blocks = [700, 5000, 20_000, 16, 60_000].flatMap((size) =>
      Array.from({ length: 5 }, () => ({ size, at: arena.allocate(size) })));
    for (const { at, size } of blocks.filter((_, index) => index % 2 === round % 2)) {
      arena.free(at, size);
    }
    arena.reset();
    t.is(arena.usedBytes, 0);
    t.is(arena.reservedBytes, 0);
    t.is(arena.freeRunBytes, 0);
    t.true(arena.peakBytes > 0);
    const all = fillWith(arena, 3000);
    t.is(new Set(all).size, all.length);
    for (const address of all) arena.free(address, 3000);
    arena.trim();
    t.is(arena.reservedBytes, 0);
  }
});

test('a full arena asks the reclaimer until there is room', (t) => {
  const arena = new Arena({ capacityBytes: mib });
  const hostages = fillWith(arena, 20_000);
  let calls = 0;
  arena.reclaimer = () => {
    calls++;
    const one = hostages.pop();
    if (one !== undefined) arena.free(one, 20_000);
    return one !== undefined;
  };
  t.true(arena.allocate(50_000) > 0);
  t.is(calls, 3);
  t.true(arena.allocate(16) > 0);
  assertFull(t, () => arena.allocate(2 * mib));
  t.true(hostages.length > 0, 'nothing is given up for what can never fit');
  assertFull(t, () => arena.allocate(mib - 10));
  t.is(hostages.length, 0, 'everything was tried');
});

test('blocks that the reclaimer frees in full slabs are found at once', (t) => {
  const arena = new Arena({ capacityBytes: mib });
  const blocks = fillWith(arena, 100);
  const hostages = blocks.filter((_, index) => index % 2 === 0);
  arena.reclaimer = () => {
    for (const address of hostages) arena.free(address, 100);
    return hostages.splice(0).length > 0;
  };
  const freed = new Set(hostages);
  t.true(freed.has(arena.allocate(100)), 'no whole slab came free, but half of all blocks');
  t.is(fillWith(arena, 100).length, freed.size - 1);
});

for (const { capacityBytes, startBytes } of [
  { capacityBytes: 4 * gib, startBytes: 2 * gib - 4096 },
  { capacityBytes: 8 * gib, startBytes: 4 * gib - 4096 },
  { capacityBytes: 16 * gib, startBytes: 15 * gib },
]) {
  test(`past ${startBytes} bytes all views see the same bytes`, (t) => {
    const arena = new Arena({ capacityBytes, startBytes });
    if (arena.capacityBytes < capacityBytes) {
      t.pass('no such address space here');
      return;
    }
    for (const bytes of [16, 1000, 5000, 40_000, 3 * mib]) {
      const at = arena.allocate(bytes);
      t.true(at * 8 >= startBytes && at * 8 + bytes <= capacityBytes);
      t.true(at > 0 && (at | 0) === at, 'a small integer');
      arena.u32[at * 2] = 0xdeadbeef;
      arena.i32[at * 2 + 1] = -2;
      t.is(arena.u8.readUInt32LE(at * 8), 0xdeadbeef);
      t.is(arena.u8[at * 8 + 4], 0xfe);
      arena.f64[at + 1] = -1.5;
      t.is(arena.u8.readDoubleLE(at * 8 + 8), -1.5);
      arena.f64[at + bytes / 8 - 1] = Math.PI;
      Buffer.from('hello').copy(arena.u8, at * 8 + 3);
      t.is(arena.u8.toString('latin1', at * 8 + 3, at * 8 + 8), 'hello');
      t.is(arena.u8.compare(Buffer.from('hello'), 0, 5, at * 8 + 3, at * 8 + 8), 0);
      t.is(arena.u8.compare(Buffer.from('hellp'), 0, 5, at * 8 + 3, at * 8 + 8), -1);
      arena.u8.copy(arena.u8, at * 8 + 4, at * 8 + 3, at * 8 + 8);
      t.is(arena.u8.toString('latin1', at * 8 + 3, at * 8 + 9), 'hhello');
      arena.u8.fill(0, at * 8 + 3, at * 8 + 9);
      t.is(arena.u8.toString('latin1', at * 8 + 2, at * 8 + 9), '\xad\0\0\0\0\0\0');
      arena.free(at, bytes);
    }
    arena.trim();
    t.is(arena.usedBytes, 0);
    t.is(arena.reservedBytes, 0);
  });
}

test('a run longer than 4 GiB has its last bytes', (t) => {
  const arena = new Arena({ capacityBytes: 16 * gib });
  if (arena.capacityBytes < 16 * gib) {
    t.pass('no such address space here');
    return;
  }
  const bytes = 5 * gib;
  const low = arena.allocate(bytes);
  const high = arena.allocate(bytes);
  t.is(high - low, bytes / 8);
  arena.f64[low + bytes / 8 - 1] = 1.25;
  arena.f64[high] = 2.5;
  arena.f64[high + bytes / 8 - 1] = 5;
  t.is(arena.f64[low + bytes / 8 - 1], 1.25);
  t.is(arena.u8.readDoubleLE(high * 8), 2.5);
  t.is(arena.u8.readDoubleLE(high * 8 + bytes - 8), 5);
  t.is(arena.usedBytes, 2 * bytes);
  assertFull(t, () => arena.allocate(7 * gib));
  arena.free(low, bytes);
  arena.free(high, bytes);
  t.is(arena.reservedBytes, 0);
});
