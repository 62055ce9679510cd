// Test-only sabotage: recovery cuts the last tenth off the log before it reads it, silently.
import fs from 'node:fs';
import path from 'node:path';
import { argumentOf, startSabotaged } from './start-sabotaged.ts';

function dropTail(): void {
  const directory = path.join(argumentOf('dir'), 'appendonlydir');
  if (!fs.existsSync(directory)) return;
  for (const name of fs.readdirSync(directory)) {
    if (!name.endsWith('.incr.aof')) continue;
    const file = path.join(directory, name);
    fs.truncateSync(file, Math.floor(fs.statSync(file).size * 0.9));
  }
}

await startSabotaged({
  recover: (recover) => {
    dropTail();
    return recover();
  },
});
