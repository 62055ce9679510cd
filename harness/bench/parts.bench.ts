// The parts of `npm run bench`, by name. A new part is a function and a line here.

import { compare } from '../../engine/server/compare.bench.ts';
import { fuzzing } from '../../engine/server/fuzz.bench.ts';
import { latency } from '../../engine/server/latency.bench.ts';
import { memory } from '../../engine/server/memory.bench.ts';
import { micro } from '../../engine/server/micro.bench.ts';
import { persistence } from '../../engine/server/persistence.bench.ts';
import { slowDisk } from '../../engine/server/slow-disk.bench.ts';
import type { BenchPart } from '../../engine/server/test-support/bench/table.ts';
import { disks } from './disks.bench.ts';
import { driver } from './driver.bench.ts';
import { trust } from './trust.bench.ts';

/** Run in this order when none is named. */
export const parts: Readonly<Record<string, BenchPart>> = {
  micro, engine: compare, memory, latency, persistence, 'slow-disk': slowDisk, disks, driver, trust,
  fuzz: fuzzing,
};

/** Former names, still understood. */
export const aliases: Readonly<Record<string, string>> = { compare: 'engine' };
