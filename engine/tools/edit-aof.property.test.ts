// Any log, any filter: the copy holds the commands that did not match, each in its database and in
// its order, and is whole.
import test from 'ava';
import * as fc from 'fast-check';
import { LogBuffer } from '../aof/log-buffer.ts';
import { MemoryDisk } from '../io/memory-disk.ts';
import { checkAof } from './check-aof.ts';
import { editAof, everyCommand } from './edit-aof.ts';
import type { CommandFilter } from './edit-aof.ts';

type Step =
  | { readonly kind: 'command'; readonly name: string; readonly key: string }
  | { readonly kind: 'select'; readonly database: number }
  | { readonly kind: 'transaction'; readonly names: readonly string[] }
  | { readonly kind: 'stamp' }
  | { readonly kind: 'block'; readonly begins: boolean };

const name = fc.constantFrom('SET', 'DEL', 'FLUSHALL', 'APPEND');
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({
    kind: fc.constant('command' as const), name, key: fc.constantFrom('a', 'b'.repeat(70)),
  }) },
  fc.record({ kind: fc.constant('select' as const), database: fc.nat(3) }),
  fc.record({ kind: fc.constant('transaction' as const), names: fc.array(name, { minLength: 1 }) }),
  fc.record({ kind: fc.constant('stamp' as const) }),
  { weight: 2, arbitrary: fc.record({
    kind: fc.constant('block' as const), begins: fc.boolean(),
  }) },
);

/** The log as a writer with and without blocks would leave it. */
function written(steps: readonly Step[]): Buffer {
  const log = new LogBuffer();
  let number = 0;
  const command = (word: string, key: string): void => log.command([word, key, `${number++}`]);
  const seal = (): void => log.seal(0, { continues: false, syncedBytes: 0 });
  for (const one of steps) {
    switch (one.kind) {
      case 'command':
        command(one.name, one.key);
        break;
      case 'select':
        log.select(one.database);
        break;
      case 'transaction':
        log.multi();
        for (const word of one.names) command(word, 'in');
        log.exec();
        break;
      case 'stamp':
        log.annotation(`#TS:${1000 + number}`);
        break;
      case 'block':
        seal();
        if (one.begins) log.beginBlock();
        break;
    }
  }
  seal();
  return log.bytes.subarray(0, log.length);
}

const path = '/data/appendonly.aof';

/** The lines of the commands that match, without their offsets. */
function listed(disk: MemoryDisk, file: string, filter: CommandFilter): string[] {
  const lines: string[] = [];
  editAof({ disk, print: (line) => lines.push(line) }, { path: file, filter, outputFolder: null });
  return lines.map((line) => line.replace(/^(\S+) \d+/, '$1'));
}

test('the copy holds what did not match', async (t) => {
  const filters = fc.record({
    names: fc.subarray(['set', 'del', 'flushall', 'append']).map((names) => new Set(names)),
    fromOffset: fc.nat(1500), length: fc.nat(3000),
  });
  const logs = fc.array(step, { maxLength: 40 });
  await fc.assert(fc.asyncProperty(logs, filters, async (steps, drawn) => {
    const disk = MemoryDisk.from({ files: new Map([[path, written(steps)]]), directories: [] });
    const { names, fromOffset, length } = drawn;
    const filter = { ...everyCommand, names, fromOffset, toOffset: fromOffset + length };
    const matching = listed(disk, path, filter);
    const expected = listed(disk, path, everyCommand).filter((line) => !matching.includes(line));
    editAof({ disk, print: () => {} }, { path, filter, outputFolder: '/data/out' });
    const copy = '/data/out/appendonly.aof';
    t.deepEqual(listed(disk, copy, everyCommand), expected);
    const lines: string[] = [];
    const code = await checkAof({ disk, print: (line) => lines.push(line) }, {
      path: copy, fix: false, truncateToSec: null, nowMs: 0, confirm: async () => false,
    });
    t.is(code, 0, lines.join('\n'));
  }), { numRuns: 200 });
});
