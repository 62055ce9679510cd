// Random allocations against a model: no two blocks overlap, nothing leaks, and a full arena keeps
// every block as it was.
import test from 'ava';
import * as fc from 'fast-check';
import { EngineError } from '../errors.ts';
import { Arena } from './arena.ts';

const seed = 20261122;
const mib = 2 ** 20;
const gib = 2 ** 30;

type Step =
  | { readonly kind: 'allocate'; readonly bytes: number; readonly count: number }
  | {
    readonly kind: 'free'; readonly from: number; readonly stride: number; readonly count: number;
  }
  | { readonly kind: 'trim' | 'reset' };

interface Block {
  readonly address: number;
  readonly bytes: number;
  readonly mark: number;
}

const bytes = fc.oneof(
  fc.integer({ min: 0, max: 64 }), fc.integer({ min: 0, max: 600 }),
  fc.integer({ min: 600, max: 20_000 }), fc.integer({ min: 16_000, max: 200_000 }),
  fc.constantFrom(0, 1, 8, 9, 16, 17, 256, 257, 2048, 2049, 16_384, 16_385),
);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 50, arbitrary: fc.record({
    kind: fc.constant('allocate' as const), bytes, count: fc.integer({ min: 1, max: 40 }),
  }) },
  { weight: 40, arbitrary: fc.record({
    kind: fc.constant('free' as const), from: fc.nat(10_000),
    stride: fc.integer({ min: 1, max: 3 }), count: fc.integer({ min: 1, max: 60 }),
  }) },
  { weight: 5, arbitrary: fc.constant({ kind: 'trim' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'reset' as const }) },
);

function check(condition: boolean, what: () => string): void {
  if (!condition) throw new Error(what());
}

/** An arena, and what it should hold. */
class Model {
  readonly arena: Arena;
  refusals = 0;
  private blocks: Block[] = [];
  private nextMark = 1;

  constructor(arena: Arena) {
    this.arena = arena;
  }

  run(step: Step): void {
    if (step.kind === 'allocate') {
      for (let i = 0; i < step.count; i++) this.allocate(step.bytes);
    } else if (step.kind === 'free') {
      for (let i = 0; i < step.count && this.blocks.length > 0; i++) {
        this.free((step.from + i * step.stride) % this.blocks.length);
      }
    } else {
      this.arena[step.kind]();
      if (step.kind === 'reset') this.blocks = [];
    }
    check(this.arena.usedBytes === this.modelBytes(), () =>
      `usedBytes ${this.arena.usedBytes}, the model has ${this.modelBytes()}`);
    check(this.arena.peakBytes >= this.arena.reservedBytes, () => 'the peak is below the present');
  }

  /** Every block has its marks, lies inside, and ends before the next begins. */
  verify(): void {
    const sorted = [...this.blocks].sort((a, b) => a.address - b.address);
    let end = 0;
    for (const block of sorted) {
      this.verifyMarks(block);
      check(block.address * 8 >= end, () => `block ${block.address} overlaps the one before`);
      end = block.address * 8 + this.arena.blockBytes(block.bytes);
    }
    check(end <= this.arena.capacityBytes, () => 'a block ends outside');
  }

  /** Frees everything in an order of its own: the arena is as at the start. */
  drain(): void {
    this.verify();
    while (this.blocks.length > 0) this.free((this.blocks.length * 7) % this.blocks.length);
    check(this.arena.usedBytes === 0, () => `${this.arena.usedBytes} bytes leaked`);
    this.arena.trim();
    check(this.arena.reservedBytes === 0, () => `${this.arena.reservedBytes} bytes stay reserved`);
    check(this.arena.freeRunBytes === 0, () => 'free runs did not merge');
  }

  private modelBytes(): number {
    return this.blocks.reduce((sum, { bytes }) => sum + this.arena.blockBytes(bytes), 0);
  }

  private allocate(bytes: number): void {
    let address: number;
    const used = this.arena.usedBytes;
    try {
      address = this.arena.allocate(bytes);
    } catch (error) {
      check(error instanceof EngineError && error.code === 'ARENA_FULL', () => String(error));
      check(this.arena.usedBytes === used, () => 'a refusal changed usedBytes');
      this.refusals++;
      if (this.refusals % 20 === 1) this.verify();
      return;
    }
    check(Number.isInteger(address) && address > 0, () => `address ${address}`);
    const block = { address, bytes, mark: this.nextMark++ };
    const words = this.arena.blockBytes(bytes) / 4;
    this.arena.u32[address * 2] = block.mark;
    this.arena.u32[address * 2 + words - 1] = block.mark;
    this.blocks.push(block);
  }

  private free(index: number): void {
    const block = this.blocks[index];
    const last = this.blocks.pop();
    if (block === undefined || last === undefined) return;
    if (block !== last) this.blocks[index] = last;
    this.verifyMarks(block);
    this.arena.free(block.address, block.bytes);
  }

  private verifyMarks({ address, bytes, mark }: Block): void {
    const last = address * 2 + this.arena.blockBytes(bytes) / 4 - 1;
    check(this.arena.u32[address * 2] === mark && this.arena.u32[last] === mark, () =>
      `block ${address} of ${bytes} bytes was overwritten`);
  }
}

for (const { title, capacityBytes, startBytes } of [
  { title: '1 MiB', capacityBytes: mib, startBytes: 0 },
  { title: '5 MiB', capacityBytes: 5 * mib, startBytes: 0 },
  { title: '2 GiB below the end of 4 GiB', capacityBytes: 4 * gib, startBytes: 2 * gib },
  { title: '1 MiB below the end of 16 GiB', capacityBytes: 16 * gib, startBytes: 16 * gib - mib },
]) {
  test(`random blocks in ${title} (seed ${seed})`, (t) => {
    // One arena serves all runs, so that what earlier ones left in the table is tested too.
    const arena = new Arena({ capacityBytes, startBytes });
    if (arena.capacityBytes < capacityBytes) {
      t.pass('no such address space here');
      return;
    }
    let refusals = 0;
    fc.assert(fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      arena.reset();
      const model = new Model(arena);
      for (const one of steps) model.run(one);
      model.drain();
      refusals += model.refusals;
    }), { seed, numRuns: 60 });
    t.is(refusals > 0, capacityBytes - startBytes < gib, 'small arenas were full at times');
  });
}
