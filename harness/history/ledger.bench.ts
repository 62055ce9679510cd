// How fast operations are recorded and read back: node harness/history/ledger.bench.ts [operations]

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { LedgerWriter, readLedger, STATUS_OK } from './ledger.ts';

const total = Number(process.argv[2] ?? 3_000_000);
const clients = 50;
const directory = mkdtempSync(join(tmpdir(), 'plugpull-bench-'));

function report(what: string, began: bigint): void {
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  console.log(`${what}: ${Math.round(total / seconds).toLocaleString('en')} operations/s`);
}

try {
  const path = join(directory, 'ledger');
  const writer = new LedgerWriter(path, { clients, workload: { seed: 7 } });
  const appending = process.hrtime.bigint();
  for (let done = 0; done < total; done++) {
    const sequence = Math.floor(done / clients) + 1;
    writer.append(done % clients, sequence, STATUS_OK, 1e15 + done, 1e15 + done + 100);
  }
  writer.close();
  report('append', appending);
  const bytes = readFileSync(path);
  const reading = process.hrtime.bigint();
  readLedger(bytes);
  report(`read (${(bytes.length / total).toFixed(1)} bytes an operation)`, reading);
} finally {
  rmSync(directory, { recursive: true });
}
