// Holds a folder and a server, says so, and waits to be killed.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { hold, processHolding } from '../holdings.ts';

const folder = process.argv[2] ?? '';
hold({ kind: 'folder', path: folder });
fs.mkdirSync(folder);
const child = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
const holding = processHolding(child.pid ?? 0);
if (holding !== null) hold(holding);
process.stdout.write(`${child.pid}\n`);
setInterval(() => {}, 1000);
