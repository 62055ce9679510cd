// Entry of the driver's process: commands of the parent in, events out. It dies with its parent.

import { reasonOf } from '../../errors.ts';
import { Load } from './load/load.ts';
import type { DriverCommand, DriverEvent } from './messages.ts';

const progressEveryMs = 200;

let load: Load | null = null;

function say(event: DriverEvent, told: () => void = () => {}): void {
  process.send?.(event, undefined, undefined, told); // a parent that is gone cannot be told
}

function fail(error: unknown): void {
  const text = reasonOf(error);
  process.exitCode = 1;
  say({ kind: 'failed', text }, () => process.exit(1));
}

async function obey(command: DriverCommand): Promise<void> {
  if (command.kind === 'start') {
    load = new Load(command.options, say);
    setInterval(tellProgress, progressEveryMs).unref();
    await load.prepare();
  } else if (load === null) {
    throw new Error(`expected start, received ${command.kind}`);
  } else if (command.kind === 'begin') {
    load.begin();
  } else if (command.kind === 'stop-sending') {
    await load.stopSending();
  } else if (command.kind === 'moved') {
    load.moved(command.port);
  } else {
    const result = await load.finish(command.graceMs);
    say({ kind: 'result', result }, () => process.exit(0));
  }
}

function tellProgress(): void {
  if (load !== null) say({ kind: 'progress', progress: load.progress() });
}

process.on('message', (command: DriverCommand) => {
  obey(command).catch(fail);
});
process.on('disconnect', () => process.exit());
process.on('SIGINT', () => {}); // Ctrl-C reaches the whole group: the parent decides
