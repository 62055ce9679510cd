// Mounts a faultfs in a folder, writes with and without syncs that lie, and prints who it was and
// what a power cut would have left, as JSON: run by a test as somebody who is not root.

import fs from 'node:fs';
import path from 'node:path';
import { readOpLog } from '../../../engine/io/op-log.ts';
import { CrashImager } from '../../crash/image.ts';
import { mountFaultfs } from '../client.ts';

const folder = process.argv[2] as string;
const [backing, opLogPath] = [path.join(folder, 'backing'), path.join(folder, 'op-log')];
fs.mkdirSync(backing);
const mount = await mountFaultfs({ backing, mountPoint: path.join(folder, 'mount'), opLogPath });
for (const [name, rules] of [
  ['honest', []], ['lost', [{ fault: { kind: 'lie' } }]],
] as const) {
  await mount.setRules(rules);
  const file = fs.openSync(path.join(mount.mountPoint, name), 'w');
  fs.writeSync(file, name);
  fs.fsyncSync(file);
  fs.closeSync(file);
}
const { clean, words } = await mount.unmount();
const { files } = new CrashImager(readOpLog(fs.readFileSync(opLogPath)), { loadStartNs: 0 })
  .at(Infinity);
const uids = fs.readFileSync('/proc/self/uid_map', 'utf8').trim().split(/\s+/).map(Number);
const left = fs.readdirSync(backing).toSorted();
process.stdout.write(JSON.stringify({ clean, words, uids, left, durable: [...files.keys()] }));
