// A child process for tests: writes and syncs through a recording disk until it is killed.
//   node write-until-killed.ts DIRECTORY OP-LOG

import { realClock } from '../clock.ts';
import { writeFully } from '../disk.ts';
import { realDisk } from '../real-disk.ts';
import { OpLogWriter, fileSink } from '../op-log.ts';
import { recordingDisk } from '../recording-disk.ts';

const [, , directory = '', opLogPath = ''] = process.argv;
const log = new OpLogWriter(fileSink(opLogPath), realClock());
const disk = recordingDisk(realDisk(), log, { rootPath: directory });
disk.makeDirectory(`${directory}/deep`);
let fd = disk.open(`${directory}/deep/log.1`, 'append');
disk.syncDirectory(`${directory}/deep`);
const bytes = Buffer.alloc(4096);

// Each round appends a page numbered in its first bytes; now and then a sync, a rename, a new file.
for (let round = 1; ; round += 1) {
  bytes.writeUInt32LE(round, 0);
  writeFully(disk, fd, bytes, 0, 1 + (round % bytes.length));
  log.release(1, round);
  if (round % 50 === 0) disk.sync(fd);
  if (round === 200) process.stdout.write('running\n');
  if (round % 500 === 0) {
    disk.close(fd);
    disk.rename(`${directory}/deep/log.1`, `${directory}/log.0`);
    fd = disk.open(`${directory}/deep/log.1`, 'truncate');
  }
}
