// Test-only: an engine process like engine/main.ts, with something wrong put between its parts.
import { parseArguments } from '../../../../engine/config/source.ts';
import { realClock } from '../../../../engine/io/clock.ts';
import { realDisk } from '../../../../engine/io/real-disk.ts';
import { realEntropy } from '../../../../engine/io/entropy.ts';
import { startEngine } from '../../../../engine/start.ts';
import type { EngineWrappers } from '../../../../engine/start.ts';

/** Starts the engine of this process's arguments with the sabotage around its ports. */
export async function startSabotaged(wrap: EngineWrappers): Promise<void> {
  const parsed = parseArguments(process.argv.slice(2));
  if (parsed.action !== 'run') process.exit(0);
  await startEngine({
    directives: parsed.entries,
    wrap,
    ports: {
      disk: realDisk(), clock: realClock(), entropy: realEntropy(),
    },
    onListening: (engine) => {
      process.on('SIGTERM', () => void engine.shutdownBySignal('SIGTERM'));
      void engine.ended.then((code) => process.exit(code));
    },
  });
}

/** The value of a directive in this process's arguments. */
export function argumentOf(directive: string): string {
  const at = process.argv.indexOf(`--${directive}`);
  return at < 0 ? '' : (process.argv[at + 1] ?? '');
}
