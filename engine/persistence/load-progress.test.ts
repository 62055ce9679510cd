// What INFO and the log say while the data is loaded.
import test from 'ava';
import { LogBuffer } from '../aof/log-buffer.ts';
import { ManualClock } from '../io/clock.ts';
import type { Disk } from '../io/disk.ts';
import { encode, fill, newKeyspace } from '../rdb/test-support/rdb-files.ts';
import { memoryDisk, TestEngine } from './test-support/test-engine.ts';

const directory = '/data/appendonlydir';
const valueBytes = 10_000;

function snapshot(keys: number): Buffer {
  const keyspace = newKeyspace();
  fill(keyspace, Array.from({ length: keys }, (_, number) => ({
    database: 0, key: Buffer.from(`base${number}`), value: Buffer.alloc(valueBytes, number),
    deadlineMs: 0,
  })));
  return encode(keyspace);
}

function log(commands: number): Buffer {
  const buffer = new LogBuffer();
  for (let number = 0; number < commands; number++) {
    buffer.command(['SET', `incr${number}`, 'x'.repeat(valueBytes)]);
  }
  return Buffer.from(buffer.bytes.subarray(0, buffer.length));
}

/** A disk on which each read takes so long; `seen` is called before it. */
function slowDisk(inner: Disk, clock: ManualClock, seen: () => void): Disk {
  return new Proxy(inner, {
    get: (target, name): unknown => {
      const member = Reflect.get(target, name, target) as unknown;
      if (typeof member !== 'function') return member;
      return (...args: unknown[]): unknown => {
        if (name === 'read') {
          seen();
          clock.advanceMs(700);
        }
        return Reflect.apply(member, target, args);
      };
    },
  });
}

test('INFO tells how far loading has come, and the log does every two seconds', async (t) => {
  const files: [string, Buffer][] = [
    [`${directory}/appendonly.aof.1.base.aof`, log(600)],
    [`${directory}/appendonly.aof.1.incr.aof`, log(1400)],
    [`${directory}/appendonly.aof.manifest`, Buffer.from(
      'file appendonly.aof.1.base.aof seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n',
    )],
  ];
  const totalBytes = files.slice(0, 2).reduce((sum, [, bytes]) => sum + bytes.length, 0);
  const clock = new ManualClock();
  const startedSec = Math.floor(clock.wallMs() / 1000);
  const shares: number[] = [];
  const engine: TestEngine = new TestEngine({
    disk: slowDisk(memoryDisk(files), clock, () => {
      if (engine.info('loading_total_bytes') !== totalBytes) return;
      t.is(engine.info('loading'), 1);
      t.is(engine.info('loading_start_time'), startedSec);
      const loadedBytes = Number(engine.info('loading_loaded_bytes'));
      t.is(engine.info('loading_loaded_perc'), ((loadedBytes / totalBytes) * 100).toFixed(2));
      t.true(Number(engine.info('loading_eta_seconds')) >= 0);
      shares.push(loadedBytes / totalBytes);
    }),
    clock, settings: { appendOnly: true }, arenaBytes: 64 * 2 ** 20,
  });
  await engine.recover();
  t.deepEqual(shares, [...shares].toSorted((left, right) => left - right), 'never goes back');
  t.true(shares.some((share) => share > 0.1 && share < 0.3), `inside the base: ${shares}`);
  t.true(shares.some((share) => share > 0.5 && share < 1), `inside the increment: ${shares}`);
  t.is(engine.info('loading'), 0);
  t.is(engine.info('loading_total_bytes'), undefined, 'only while loading');
  const lines = engine.logLines.filter((line) => line.includes('Loading:'));
  t.true(lines.length > 1 && lines.length < shares.length, `${lines}`);
  const shape =
    /^notice: Loading: \d+\.\d % of 19\.\d MB, \d+ keys, \d+\.\d seconds so far, about \d+ left$/;
  for (const line of lines) t.regex(line, shape);
});

test('a quick start says nothing of progress', async (t) => {
  const engine = await TestEngine.start({ disk: memoryDisk([['/data/dump.rdb', snapshot(10)]]) });
  t.false(engine.logLines.some((line) => line.includes('Loading:')));
});
