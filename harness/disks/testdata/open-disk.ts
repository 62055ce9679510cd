// Opens a disk of the kind and in the folder given, starts something that writes there, says so,
// and waits to be killed.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { hold, processHolding } from '../../holdings/holdings.ts';
import { openDisk } from '../disks.ts';

const [kind, root = ''] = process.argv.slice(2);
const dataDirectory = path.join(root, 'data');
hold({ kind: 'folder', path: root });
fs.mkdirSync(dataDirectory);
const disk = await openDisk({
  kind: kind === 'block' ? 'block' : 'faultfs', root, dataDirectory,
  record: { syncDelayMs: 0 }, fileSystem: 'ext4', sizeBytes: 64e6,
});
const writer = 'exec 3> busy; while :; do echo x >&3; sleep 0.05; done';
const child = spawn('sh', ['-c', writer], { cwd: disk.directory, detached: true, stdio: 'ignore' });
const holding = processHolding(child.pid ?? 0);
if (holding !== null) hold(holding);
process.stdout.write(`${child.pid}\n`);
setInterval(() => {}, 1000);
