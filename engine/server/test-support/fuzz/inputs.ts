// What the fuzzer sends: valid requests of every command with arguments of every kind, and what
// becomes of them when bytes are flipped, cut, doubled and lengths lied about.
import { registry } from '../../../commands/registry.ts';
import { encodeRequest } from '../../../commands/test-support/replies.ts';
import type { CommandSpec } from '../../../commands/spec.ts';

/** Numbers from a seed; mulberry32. */
export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  below(limit: number): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = this.state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }
}

/** They end or halt the server, or reach for other clients: not the fuzzer's matter. */
const left = new Set(['shutdown', 'failover', 'monitor', 'quit', 'pfselftest', 'config set',
  'client pause', 'client kill', 'client reply']);
const specs = registry.specs.filter((spec) => !left.has(spec.row.name));
/** DEBUG looks for its subcommands itself. */
const debugNames: readonly string[] = ['digest', 'digest-value', 'object', 'error', 'protocol',
  'set-active-expire', 'jmap', 'help', 'sdslen'];

/** A subcommand of a command that has some. */
function subcommandOf(random: Random, spec: CommandSpec): string[] {
  const { name } = spec.row;
  if (name === 'debug') return [random.of(debugNames)];
  const names = spec.subcommands?.specs.map(({ row }) => row.name) ?? [];
  const allowed = names.filter((one) => !left.has(`${name} ${one}`));
  return allowed.length === 0 ? [] : [random.of(allowed)];
}

const oddArguments: readonly string[] = [
  '', '0', '1', '-1', '2', '10', '100', '-100', '1.5', '-0', 'inf', '-inf', 'nan', '+inf', '1e5',
  '9223372036854775807', '-9223372036854775808', '9223372036854775808', '18446744073709551616',
  '4294967296', '2147483648', '-2147483649', '999999999999999999999', '1e400', ' 1', '1 ', '01',
  '(1', '[a', '(a', '-', '+', '*', 'k*', '[^a', '\\', 'a\r\nb', '\0', '\xff\xfe', 'u8', 'i64', '#1',
  '0x10',
];
/** Few enough that keys are met again. */
const keyCount = 6;

/** A key that mostly holds the type that the command is for. */
function keyFor(random: Random, spec: CommandSpec): string {
  const group = random.below(4) === 0 ? random.of(specs).row.group : spec.row.group;
  return `${group}${random.below(keyCount)}`;
}

/** The words in capitals of a command's syntax: its options. */
function wordsOf(spec: CommandSpec): readonly string[] {
  return spec.row.syntax?.match(/[A-Z]{2,}/g) ?? ['EX'];
}

function argument(random: Random, spec: CommandSpec): string {
  switch (random.below(5)) {
    case 0: return keyFor(random, spec);
    case 1: return random.of(wordsOf(spec));
    case 2: return random.of(oddArguments);
    case 3: return String(random.below(200) - 50);
    default: return 'v'.repeat(random.below(random.below(50) === 0 ? 20_000 : 80));
  }
}

/** What must be there, by the names in the syntax: `key start stop [options]`. */
function sensibleArguments(random: Random, spec: CommandSpec): string[] {
  let text = spec.row.syntax ?? '';
  while (/\[[^[\]]*\]/.test(text)) {
    const options = random.below(3) === 0;
    text = text.replace(/\[([^[\]]*)\]/, (_, inner: string) =>
      options ? inner.split('|')[random.below(inner.split('|').length)] ?? '' : '');
  }
  return text.replaceAll(/[{}|]|\.\.\./g, ' ').split(' ').filter((name) => name !== '')
    .map((name) => {
      if (/^[A-Z]/.test(name)) return name;
      if (/key|source|destination/.test(name) && name !== 'numkeys') return keyFor(random, spec);
      if (/value|member|field|element|pattern|message|channel/.test(name)) {
        return random.of(['a', 'b', 'c', 'd', '1', '2', '10', '3.5', 'longer'.repeat(20)]);
      }
      return name === 'numkeys' || name === 'numfields' ? '1' : String(random.below(12));
    });
}

/** One well-formed request, mostly with a key first and about as many arguments as it should. */
export function validRequest(random: Random): Buffer {
  const spec = random.of(specs);
  const sub = subcommandOf(random, spec);
  if (random.below(3) !== 0) {
    const sensible = sensibleArguments(random, spec);
    return encodeRequest([spec.row.name, ...sub, ...sensible].map((word) =>
      Buffer.from(word, 'latin1')));
  }
  const usual = Math.abs(spec.arity) - 1 - sub.length;
  const count = Math.max(0, usual + random.below(spec.arity < 0 ? 6 : 2)
    - (random.below(8) === 0 ? 1 : 0));
  const parts = Array.from({ length: count }, (_, at) =>
    at === 0 && random.below(8) !== 0 ? keyFor(random, spec) : argument(random, spec));
  const words = [spec.row.name, ...sub, ...parts];
  if (random.below(20) === 0) return Buffer.from(`${words.join(' ')}\r\n`, 'latin1');
  return encodeRequest(words.map((word) => Buffer.from(word, 'latin1')));
}

const lies: readonly string[] = ['-1', '0', '1', '999', '1000000', '536870913', '99999999999', 'x'];

/** Changes one thing. */
function mutate(random: Random, bytes: Buffer): Buffer {
  const at = random.below(bytes.length + 1);
  const to = Math.min(bytes.length, at + 1 + random.below(12));
  switch (random.below(8)) {
    case 0: {
      const flipped = Buffer.from(bytes);
      if (at < bytes.length) flipped[at] = random.below(256);
      return flipped;
    }
    case 1: return Buffer.concat([bytes.subarray(0, at), bytes.subarray(to)]);
    case 2: return Buffer.concat([bytes.subarray(0, to), bytes.subarray(at)]);
    case 3: return bytes.subarray(0, at);
    case 4: return Buffer.concat([bytes.subarray(0, at), rawBytes(random), bytes.subarray(at)]);
    case 5: return Buffer.from(bytes.toString('latin1')
      .replace(/\$\d+/, `$${random.of(lies)}`), 'latin1');
    case 6: return Buffer.from(bytes.toString('latin1')
      .replace(/\*\d+/, `*${random.of(lies)}`), 'latin1');
    default: return Buffer.concat([bytes.subarray(0, at), Buffer.from(random.of(oddArguments)),
      bytes.subarray(to)]);
  }
}

function rawBytes(random: Random): Buffer {
  const few = random.below(2) === 0;
  return Buffer.from(Array.from({ length: 1 + random.below(24) }, () =>
    few ? random.of([10, 13, 36, 42, 48, 49, 50, 45, 34, 32]) : random.below(256)));
}

/** One to three things changed. */
export function damaged(random: Random, whole: Buffer): Buffer {
  let bytes = whole;
  for (let changes = 1 + random.below(3); changes > 0; changes--) bytes = mutate(random, bytes);
  return bytes;
}

/** One input: some requests, most inputs damaged. */
export function fuzzInput(random: Random): Buffer {
  const kind = random.below(16);
  if (kind === 0) return Buffer.concat(Array.from({ length: 8 }, () => rawBytes(random)));
  const requests = Array.from({ length: 1 + random.below(4) }, () => validRequest(random));
  const bytes = Buffer.concat(requests);
  return kind < 5 ? bytes : damaged(random, bytes);
}
