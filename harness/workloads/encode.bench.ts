// How fast operations are encoded: node harness/workloads/encode.bench.ts [operations]

import { OperationEncoder } from './encoder.ts';
import { mixNames } from './spec.ts';
import type { MixName } from './spec.ts';

const total = Number(process.argv[2] ?? 3_000_000);

function run(mix: MixName, valueSizeBytes: number): void {
  const encoder = new OperationEncoder({
    seed: 7, clients: 50, keysPerClient: 1_000, valueSizeBytes, mix, startWallMs: 1_760_000_000_000,
  });
  const target = Buffer.allocUnsafe(64 * 1024);
  const room = target.length - encoder.maximumBytes;
  let bytes = 0;
  let at = 0;
  const began = process.hrtime.bigint();
  for (let done = 0; done < total; done++) {
    const next = encoder.encode(target, at, done % 50, Math.floor(done / 50) + 1);
    bytes += next - at;
    at = next < room ? next : 0;
  }
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  const rate = Math.round(total / seconds).toLocaleString('en');
  const megabytes = Math.round(bytes / seconds / 1e6);
  console.log(`${mix}, ${valueSizeBytes}-byte values: ${rate} operations/s, ${megabytes} MB/s`);
}

for (const mix of mixNames) {
  run(mix, 100);
  run(mix, 32);
}
