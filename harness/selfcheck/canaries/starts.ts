// Starts a real server twice on a directory, and says in a word or two what came of it.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { RespClient } from '../../drivers/resp/client.ts';
import { recover } from '../../run/recover.ts';
import { freePort } from '../../targets/ports.ts';
import type { Target } from '../../targets/target.ts';
import type { FileCanary } from './files.ts';
import { lay } from './files.ts';

/** `<first start>; <second>`, each `refuses`, `serves all`, or `serves …` and what is wrong. */
export async function outcomeOf(target: Target, canary: FileCanary): Promise<string> {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'plugpull-canary-'));
  try {
    const directory = path.join(root, 'data');
    fs.mkdirSync(directory);
    lay(canary.files, directory);
    const words: string[] = [];
    for (const start of [1, 2]) {
      words.push(await startWords(target, canary, { directory, logPath: `${root}/log-${start}` }));
    }
    return words.join('; ');
  } finally {
    fs.rmSync(root, { recursive: true, force: true });
  }
}

async function startWords(
  target: Target, { directives, keys }: FileCanary,
  { directory, logPath }: { directory: string; logPath: string },
): Promise<string> {
  const recovered = await recover(target, {
    directory, port: await freePort(), directives, logPath, record: null,
  });
  if (recovered.kind === 'refused') return 'refuses';
  const { running } = recovered;
  try {
    const client = await RespClient.connect({ port: running.port });
    const wrong: string[] = [];
    for (const [key, value] of Object.entries(keys)) {
      const found = await client.call('GET', key);
      if (found === null) wrong.push(`without ${key}`);
      else if (String(found) !== value) wrong.push(`${key}=${String(found)}`);
    }
    client.close();
    return wrong.length === 0 ? 'serves all' : `serves ${wrong.join(', ')}`;
  } finally {
    running.kill();
    await running.exited;
  }
}
