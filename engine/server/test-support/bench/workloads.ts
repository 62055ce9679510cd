// What is sent in the comparison with redis-server: the default tests of redis-benchmark as it
// sends them, with random numbers of twelve digits where it has them.

/** One test. `parts` may hold `{n}`: a random number; `{v}`: the value. */
export interface Workload {
  readonly name: string;
  readonly parts: readonly string[];
  /** An inline line instead of `parts`. */
  readonly inline?: string;
  /** Sent before each round, to have something to read or take away; -1: as often as the test. */
  readonly before?: { readonly parts: readonly string[]; readonly count: number };
  /** What the ratio is wanted to be at pipeline 1 and 16; 0 = nothing is asked. */
  readonly wanted: readonly [number, number];
}

const pairs: readonly string[] = Array.from({ length: 10 }, () => ['key:{n}', '{v}']).flat();
const list: NonNullable<Workload['before']> = { parts: ['LPUSH', 'mylist', '{v}'], count: 1000 };

function range(last: number): Workload {
  return {
    name: `LRANGE_${last}`, parts: ['LRANGE', 'mylist', '0', String(last - 1)],
    before: list, wanted: [0.8, 0.8],
  };
}

/** SET and GET: asked for at both pipelines under every policy. */
export const mainWorkloads: readonly Workload[] = [
  { name: 'SET', parts: ['SET', 'key:{n}', '{v}'], wanted: [1, 2] },
  { name: 'GET', parts: ['GET', 'key:{n}'], wanted: [1, 2] },
];

/** All others that `redis-benchmark -t` knows, in its order. */
export const otherWorkloads: readonly Workload[] = [
  { name: 'PING_INLINE', parts: [], inline: 'PING', wanted: [0, 0] },
  { name: 'PING_MBULK', parts: ['PING'], wanted: [0, 0] },
  { name: 'INCR', parts: ['INCR', 'counter:{n}'], wanted: [0, 1] },
  { name: 'LPUSH', parts: ['LPUSH', 'mylist', '{v}'], wanted: [0, 1] },
  { name: 'RPUSH', parts: ['RPUSH', 'mylist', '{v}'], wanted: [0, 1] },
  {
    name: 'LPOP', parts: ['LPOP', 'mylist'], wanted: [0, 1],
    before: { parts: ['LPUSH', 'mylist', '{v}'], count: -1 },
  },
  {
    name: 'RPOP', parts: ['RPOP', 'mylist'], wanted: [0, 1],
    before: { parts: ['LPUSH', 'mylist', '{v}'], count: -1 },
  },
  { name: 'SADD', parts: ['SADD', 'myset', 'element:{n}'], wanted: [0, 1] },
  { name: 'HSET', parts: ['HSET', 'myhash', 'element:{n}', '{v}'], wanted: [0, 1] },
  {
    name: 'SPOP', parts: ['SPOP', 'myset'], wanted: [0, 1],
    before: { parts: ['SADD', 'myset', 'element:{n}'], count: -1 },
  },
  { name: 'ZADD', parts: ['ZADD', 'myzset', '{s}', 'element:{n}'], wanted: [0, 1] },
  {
    name: 'ZPOPMIN', parts: ['ZPOPMIN', 'myzset'], wanted: [0, 1],
    before: { parts: ['ZADD', 'myzset', '{s}', 'element:{n}'], count: -1 },
  },
  range(100), range(300), range(500), range(600),
  { name: 'MSET', parts: ['MSET', ...pairs], wanted: [0, 1] },
];

/** A reply as the servers give it, when there is one for each request that is always the same. */
export function replyOf(workload: Workload, valueBytes: number): string {
  const value = `$${valueBytes}\r\n${'x'.repeat(valueBytes)}\r\n`;
  const [command] = workload.name.split('_');
  switch (command) {
    case 'SET': case 'MSET':
      return '+OK\r\n';
    case 'PING':
      return '+PONG\r\n';
    case 'GET': case 'LPOP': case 'RPOP':
      return value;
    case 'LRANGE': {
      const count = Number(workload.name.slice('LRANGE_'.length));
      return `*${count}\r\n${value.repeat(count)}`;
    }
    case 'SPOP':
      return '$20\r\nelement:000000012345\r\n';
    case 'ZPOPMIN':
      return '*2\r\n$20\r\nelement:000000012345\r\n$1\r\n0\r\n';
    default:
      return ':1\r\n';
  }
}

/** A request whose random numbers can be written anew without building it again. */
export interface Template {
  readonly bytes: Buffer;
  /** Offsets of the last six digits of each random number. */
  readonly numbers: readonly number[];
}

/** `copies` requests one after the other. */
export function template(
  workload: Pick<Workload, 'parts' | 'inline'>, valueBytes: number, copies: number,
): Template {
  let text = '';
  const numbers: number[] = [];
  const put = (part: string): void => {
    const value = part.replace('{v}', 'x'.repeat(valueBytes));
    const whole = value.replace('{n}', '0'.repeat(12)).replace('{s}', '0'.repeat(6));
    text += `$${whole.length}\r\n`;
    const at = value.includes('{n}') ? value.indexOf('{n}') + 6 : value.indexOf('{s}');
    if (at >= 0) numbers.push(text.length + at);
    text += `${whole}\r\n`;
  };
  for (let copy = 0; copy < copies; copy++) {
    if (workload.inline !== undefined) {
      text += `${workload.inline}\r\n`;
      continue;
    }
    text += `*${workload.parts.length}\r\n`;
    workload.parts.forEach(put);
  }
  return { bytes: Buffer.from(text, 'latin1'), numbers };
}

/** Three digits each of the numbers below a thousand. */
const digits = Buffer.from(Array.from({ length: 1000 }, (_, at) =>
  String(at).padStart(3, '0')).join(''));

/** Random numbers below `limit`, always the same ones; xorshift32. */
export class Numbers {
  private state = 2_463_534_242;

  below(limit: number): number {
    let state = this.state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.state = state;
    return Math.floor(((state >>> 0) / 2 ** 32) * limit);
  }
}

/** Writes new random numbers below `limit`, at most a million, into the requests. */
export function renumber({ bytes, numbers }: Template, random: Numbers, limit: number): void {
  for (const at of numbers) {
    const number = random.below(limit);
    const high = Math.floor(number / 1000) * 3;
    const low = (number % 1000) * 3;
    for (let place = 0; place < 3; place++) {
      bytes[at + place] = digits[high + place] as number;
      bytes[at + 3 + place] = digits[low + place] as number;
    }
  }
}
