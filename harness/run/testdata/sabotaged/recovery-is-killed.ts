// Test-only: a second start is ended by SIGKILL while it recovers, as if memory had run out.
import fs from 'node:fs';
import path from 'node:path';
import { argumentOf, startSabotaged } from './start-sabotaged.ts';

await startSabotaged({
  recover: (recover) => {
    const isSecond = fs.existsSync(path.join(argumentOf('dir'), 'appendonlydir'));
    if (isSecond) process.kill(process.pid, 'SIGKILL');
    return recover();
  },
});
