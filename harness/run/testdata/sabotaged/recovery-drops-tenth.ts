// Test-only sabotage: recovery cuts the last tenth off the log before it reads it, silently.
import fs from 'node:fs';
import path from 'node:path';
import { argumentOf, startSabotaged } from './start-sabotaged.ts';

const inFlightBytes = 16 * 1024;

function dropTail(): void {
  const directory = path.join(argumentOf('dir'), 'appendonlydir');
  if (!fs.existsSync(directory)) return;
  for (const name of fs.readdirSync(directory)) {
    if (!name.endsWith('.incr.aof')) continue;
    const file = path.join(directory, name);
    const { size } = fs.statSync(file);
    // More than may be in flight, or a slow machine would see no acknowledged write go.
    fs.truncateSync(file, Math.max(0, Math.floor(Math.min(size * 0.9, size - inFlightBytes))));
  }
}

await startSabotaged({
  recover: (recover) => {
    dropTail();
    return recover();
  },
});
