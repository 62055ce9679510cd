// Values of directives: words → value, value → the text of CONFIG GET. Errors come twice, for
// people at start ("expected …") and for CONFIG SET in Redis' words.

import type {
  Directive, DirectiveKind, DirectiveValue, OutputLimit, OutputLimits, Rename, SavePoint,
} from './directive.ts';

export type ParsedValue =
  | { readonly kind: 'ok'; readonly value: DirectiveValue }
  /** `problem` says what was expected or why not; `reply` is what CONFIG SET says. */
  | { readonly kind: 'error'; readonly problem: string; readonly reply: string };

const units: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['b', 1],
  ['k', 1000],
  ['kb', 1024],
  ['m', 1000 ** 2],
  ['mb', 1024 ** 2],
  ['g', 1000 ** 3],
  ['gb', 1024 ** 3],
]);

/** Bytes of `64mb`, `1G`, `100`; null when it is none. As in redis.conf k = 1000, kb = 1024. */
export function parseMemory(text: string): number | null {
  const match = /^(\d+)([a-z]*)$/i.exec(text);
  const factor = units.get(match?.[2]?.toLowerCase() ?? 'none');
  if (match === null || factor === undefined) return null;
  const bytes = Number(match[1]) * factor;
  return Number.isSafeInteger(bytes) ? bytes : null;
}

/** The words of a directive (or the one argument of CONFIG SET) as its value, and its own check. */
export function parseValue(directive: Directive, words: readonly string[]): ParsedValue {
  const parsed = parseWords(directive, words);
  if (parsed.kind === 'error') return parsed;
  const problem = directive.check?.(parsed.value) ?? null;
  return problem === null ? parsed : { kind: 'error', problem, reply: problem };
}

/** As CONFIG GET prints it. */
export function formatValue(value: DirectiveValue, kind?: DirectiveKind): string {
  if (kind === 'octal') return value.toString(8);
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value !== 'object') return String(value);
  if ('normal' in value) return formatOutputLimits(value);
  return value.map(formatItem).join(' ');
}

function formatItem(item: string | SavePoint | Rename): string {
  if (typeof item === 'string') return item;
  return 'seconds' in item ? `${item.seconds} ${item.changes}` : `${item.name} ${item.newName}`;
}

/** As parseValue, without the check: a later directive may still replace the value. */
export function parseWords(directive: Directive, words: readonly string[]): ParsedValue {
  switch (directive.kind) {
    case 'save':
      return parseSavePoints(words);
    case 'output-limits':
      return parseOutputLimits(directive.initial as OutputLimits, words);
    case 'renames':
      return parseRenames(words);
    case 'words':
      return success(words.flatMap((word) => word.split(/\s+/)).filter((word) => word !== ''));
    case 'choices':
      return parseChoices(directive, words);
    default:
      break;
  }
  const [word] = words;
  if (word === undefined || words.length > 1) {
    return failure('exactly one value', 'wrong number of arguments');
  }
  if (directive.kind === 'text') return success(word);
  if (directive.kind === 'octal') return parseOctal(directive, word);
  if (directive.kind === 'flag') return parseFlag(word);
  if (directive.kind === 'choice') return parseChoice(directive, word);
  return directive.kind === 'memory'
    ? parseMemoryValue(directive, word)
    : parseInteger(directive, word);
}

function parseFlag(word: string): ParsedValue {
  const lower = word.toLowerCase();
  if (lower === 'yes') return success(true);
  if (lower === 'no') return success(false);
  return failure('yes or no', "argument must be 'yes' or 'no'");
}

function parseChoice(directive: Directive, word: string): ParsedValue {
  const choices = directive.choices ?? [];
  const lower = word.toLowerCase();
  if (choices.includes(lower)) return success(lower);
  const list = choices.join(', ');
  return failure(`one of ${list}`, `argument(s) must be one of the following: ${list}`);
}

/** Any of the choices, in their order; the first one means none of the others. */
function parseChoices(directive: Directive, words: readonly string[]): ParsedValue {
  const choices = directive.choices ?? [];
  const found = words.flatMap((word) => word.toLowerCase().split(/\s+/));
  if (!found.every((word) => choices.includes(word))) {
    const list = choices.join(', ');
    return failure(`some of ${list}`, `argument(s) must be one of the following: ${list}`);
  }
  const [none = '', ...others] = choices;
  const chosen = others.filter((choice) => found.includes(choice));
  return success(chosen.length === 0 ? [none] : chosen);
}

function parseInteger(directive: Directive, word: string): ParsedValue {
  const min = directive.min ?? 0;
  const max = directive.max ?? Number.MAX_SAFE_INTEGER;
  const expected = `an integer from ${min} to ${max}`;
  if (!/^-?\d{1,15}$/.test(word)) {
    return failure(expected, "argument couldn't be parsed into an integer");
  }
  const value = Number(word);
  if (directive.clips === true && value >= 0) return success(Math.min(Math.max(value, min), max));
  return bounded(value, { min, max, expected });
}

function parseOctal(directive: Directive, word: string): ParsedValue {
  const max = (directive.max ?? 0).toString(8);
  const expected = `an octal number up to ${max}`;
  if (!/^[0-7]{1,8}$/.test(word)) {
    return failure(expected, "argument couldn't be parsed as an octal number");
  }
  const value = Number.parseInt(word, 8);
  if (value <= (directive.max ?? 0)) return success(value);
  return failure(expected, `argument must be between 0 and ${max} inclusive`);
}

function parseRenames(words: readonly string[]): ParsedValue {
  const parts = words.length === 1 ? (words[0] as string).split(/\s+/) : words;
  const name = parts[0];
  const newName = parts[1] === '""' ? '' : parts[1];
  if (name === undefined || newName === undefined || parts.length !== 2) {
    return failure('a command and its new name ("" for none)', 'wrong number of arguments');
  }
  return success([{ name: name.toLowerCase(), newName: newName.toLowerCase(), where: '' }]);
}

function parseMemoryValue(directive: Directive, word: string): ParsedValue {
  const min = directive.min ?? 0;
  const max = directive.max ?? Number.MAX_SAFE_INTEGER;
  const upTo = directive.max === undefined ? '' : ` to ${max}`;
  const expected = `a size such as 64mb, from ${min}${upTo} bytes`;
  const bytes = parseMemory(word);
  if (bytes === null) return failure(expected, 'argument must be a memory value');
  return bounded(bytes, { min, max, expected });
}

function bounded(
  value: number,
  bounds: { min: number; max: number; expected: string },
): ParsedValue {
  const { min, max, expected } = bounds;
  if (value >= min && value <= max) return success(value);
  return failure(expected, `argument must be between ${min} and ${max} inclusive`);
}

function parseSavePoints(words: readonly string[]): ParsedValue {
  const numbers = words.flatMap((word) => word.split(/\s+/)).filter((word) => word !== '');
  const points: SavePoint[] = [];
  const wrong = failure(
    'pairs of seconds and changes such as "3600 1 300 100", or ""',
    'Invalid save parameters',
  );
  if (numbers.length % 2 !== 0) return wrong;
  for (let i = 0; i < numbers.length; i += 2) {
    const seconds = Number(numbers[i]);
    const changes = Number(numbers[i + 1]);
    const whole = Number.isSafeInteger(seconds) && Number.isSafeInteger(changes);
    if (!whole || seconds < 1 || changes < 0) return wrong;
    points.push({ seconds, changes });
  }
  return success(points);
}

function parseOutputLimits(current: OutputLimits, words: readonly string[]): ParsedValue {
  const parts = words.flatMap((word) => word.split(/\s+/)).filter((word) => word !== '');
  const expected = 'groups of class, hard limit, soft limit, seconds: "normal 256mb 64mb 60"';
  if (parts.length === 0 || parts.length % 4 !== 0) {
    return failure(expected, 'Wrong number of arguments in buffer limit configuration.');
  }
  const limits: Record<string, OutputLimit> = { ...current };
  for (let i = 0; i < parts.length; i += 4) {
    const name = (parts[i] as string).toLowerCase().replace('replica', 'slave');
    const hardBytes = parseMemory(parts[i + 1] as string);
    const softBytes = parseMemory(parts[i + 2] as string);
    const softSeconds = Number(parts[i + 3]);
    if (!(name in limits)) {
      return failure(expected, 'Invalid client class specified in buffer limit configuration.');
    }
    if (hardBytes === null || softBytes === null || !(softSeconds >= 0)) {
      return failure(expected, 'Error in hard, soft or soft_seconds setting in buffer limit '
        + 'configuration.');
    }
    limits[name] = { hardBytes, softBytes, softSeconds };
  }
  return success(limits as unknown as OutputLimits);
}

function formatOutputLimits(limits: OutputLimits): string {
  return Object.entries(limits)
    .map(([name, limit]: [string, OutputLimit]) =>
      `${name} ${limit.hardBytes} ${limit.softBytes} ${limit.softSeconds}`)
    .join(' ');
}

function success(value: DirectiveValue): ParsedValue {
  return { kind: 'ok', value };
}

function failure(expected: string, reply: string): ParsedValue {
  return { kind: 'error', problem: `expected ${expected}`, reply };
}
