// Where directives come from: the lines of redis.conf and the arguments `--directive value …`.

import { EngineError } from '../errors.ts';
import { bytesOfText, textOfBytes } from '../resp/byte-text.ts';
import { splitInline } from '../resp/inline.ts';
import type { ArgumentOffsets } from '../resp/inline.ts';

/** One directive as it was written. */
export interface DirectiveEntry {
  /** Lower case. */
  readonly name: string;
  readonly values: readonly string[];
  /** For messages: `redis.conf:12` or `--port`. */
  readonly where: string;
}

/** What the arguments of the process ask for. */
export interface EngineArguments {
  readonly action: 'run' | 'help' | 'version';
  /** redis.conf; `-` is standard input; null: none. */
  readonly configPath: string | null;
  readonly entries: readonly DirectiveEntry[];
}

/** The spelling of directives for callers in the same process: `[['appendonly', 'yes']]`. */
export function entriesOf(
  pairs: readonly (readonly [string, string])[],
): readonly DirectiveEntry[] {
  return pairs.map(([name, value]) => ({
    name: name.toLowerCase(), values: [value], where: `--${name}`,
  }));
}

/**
 * Reads the arguments after `engine`: `[redis.conf] [--directive value …]…`.
 * @throws {EngineError} CONFIG_BAD when one is neither.
 */
export function parseArguments(args: readonly string[]): EngineArguments {
  const [first] = args;
  const asked = actionOf(first);
  if (asked !== 'run') return { action: asked, configPath: null, entries: [] };
  const named = first !== undefined && !first.startsWith('--');
  const configPath = named ? first : null;
  const entries: DirectiveEntry[] = [];
  let values: string[] | null = null;
  for (const arg of named ? args.slice(1) : args) {
    if (arg.startsWith('--') && arg.length > 2) {
      values = [];
      entries.push({ name: arg.slice(2).toLowerCase(), values, where: arg });
    } else if (values === null) {
      throw new EngineError(
        'CONFIG_BAD',
        `unexpected argument '${arg}': expected --directive value, see --help`,
      );
    } else {
      values.push(arg);
    }
  }
  return { action: 'run', configPath, entries };
}

function actionOf(argument: string | undefined): EngineArguments['action'] {
  if (argument === '-h' || argument === '--help') return 'help';
  return argument === '-v' || argument === '--version' ? 'version' : 'run';
}

/**
 * Reads redis.conf. `path` is for messages.
 * @throws {EngineError} CONFIG_BAD when the quotes of a line are unbalanced.
 */
export function parseConfigText(text: string, path: string): readonly DirectiveEntry[] {
  const entries: DirectiveEntry[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    const where = `${path}:${index + 1}`;
    const words = splitWords(trimmed);
    if (words === null) {
      throw new EngineError(
        'CONFIG_BAD',
        `${where}: unbalanced quotes in '${trimmed}': expected a closing quote, then a blank`,
      );
    }
    const [name, ...values] = words;
    if (name !== undefined) entries.push({ name: name.toLowerCase(), values, where });
  }
  return entries;
}

/** Splits a line as Redis does, quotes and escapes included; null when quotes are unbalanced. */
function splitWords(line: string): string[] | null {
  const bytes = bytesOfText(line);
  const offsets: ArgumentOffsets = {
    argStart: new Int32Array(bytes.length + 1),
    argEnd: new Int32Array(bytes.length + 1),
    growArguments() {},
  };
  const count = splitInline(offsets, bytes, 0, bytes.length);
  if (count < 0) return null;
  return Array.from({ length: count }, (_, i) =>
    textOfBytes(bytes.subarray(offsets.argStart[i], offsets.argEnd[i])));
}
