// A seeded stream of commands of all types over keys small and huge, for snapshots to run beside.
import { seededEntropy } from '../../io/entropy.ts';

const stringKeys = 3000;
const collectionKeys = 200;
const hugeKeys = 6;

/** Commands one after the other, the same for the same seed. */
export class RandomLoad {
  private readonly entropy: { uint32(): number };
  private fresh = 0;

  constructor(seed: number) {
    this.entropy = seededEntropy(seed);
  }

  /** What is there before: strings of many lengths, collections, and a few that are huge. */
  *initial(): Generator<string[]> {
    for (let i = 0; i < stringKeys; i++) {
      yield ['SET', `s${i}`, this.text(this.below(20) === 0 ? 6000 : 120)];
      if (i % 5 === 0) yield ['PEXPIRE', `s${i}`, String(100_000 + i)];
    }
    for (let i = 0; i < 5; i++) yield ['SET', `b${i}`, this.text(i < 2 ? 100_000 : 400_000)];
    for (let i = 0; i < collectionKeys * 3; i++) yield this.collection();
    for (let i = 0; i < hugeKeys; i++) yield* this.huge(i);
    yield ['SELECT', '1'];
    for (let i = 0; i < 300; i++) yield ['SET', `s${i}`, this.text(90)];
    yield ['SELECT', '0'];
  }

  /** One more. */
  next(): string[] {
    const kind = this.below(100);
    if (kind < 40) return this.string();
    if (kind < 70) return this.collection();
    if (kind < 80) return this.onHuge();
    if (kind < 92) return ['SET', `n${this.fresh++}`, this.text(60)];
    return this.rare();
  }

  private below(limit: number): number {
    return this.entropy.uint32() % limit;
  }

  private text(most: number): string {
    const length = 1 + this.below(most);
    const word = this.entropy.uint32().toString(36);
    return word.repeat(Math.ceil(length / word.length)).slice(0, length);
  }

  private key(): string {
    return `s${this.below(stringKeys)}`;
  }

  private string(): string[] {
    const key = this.key();
    switch (this.below(10)) {
      case 0: return ['APPEND', key, this.text(40)];
      case 1: return ['SETRANGE', key, String(this.below(50)), this.text(20)];
      case 2: return ['DEL', key];
      case 3: return ['RENAME', key, this.key()];
      case 4: return ['PEXPIRE', key, String(1 + this.below(200_000))];
      case 5: return ['PERSIST', key];
      default: return ['SET', key, this.text(this.below(20) === 0 ? 6000 : 120)];
    }
  }

  private collection(): string[] {
    const number = this.below(collectionKeys);
    const member = `m${this.below(300)}`;
    const removes = this.below(3) === 0;
    switch (number % 4) {
      case 0: return removes ? ['HDEL', `h${number}`, member]
        : ['HSET', `h${number}`, member, this.text(30), `${member}x`, this.text(9)];
      case 1: return removes ? ['LPOP', `l${number}`]
        : ['RPUSH', `l${number}`, member, this.text(50)];
      case 2: return removes ? ['SREM', `t${number}`, member]
        : ['SADD', `t${number}`, member, String(this.below(99))];
      default: return removes ? ['ZREM', `z${number}`, member]
        : ['ZADD', `z${number}`, String(this.below(1000)), member];
    }
  }

  private *huge(number: number): Generator<string[]> {
    for (let from = 0; from < 12_000; from += 500) {
      const members = Array.from({ length: 500 }, (_, i) => `member:${from + i}`);
      switch (number % 4) {
        case 0: yield ['HSET', 'H', ...members.flatMap((one) => [one, `${one}:value`])]; break;
        case 1: yield ['RPUSH', 'L', ...members]; break;
        case 2: yield ['SADD', 'T', ...members]; break;
        default: yield ['ZADD', 'Z', ...members.flatMap((one, i) => [String(i % 91), one])];
      }
    }
  }

  private onHuge(): string[] {
    const member = `member:${this.below(13_000)}`;
    switch (this.below(13)) {
      case 0: return ['HSET', 'H', member, this.text(20)];
      case 1: return ['HDEL', 'H', member];
      case 2: return ['LSET', 'L', String(this.below(8000)), this.text(20)];
      case 3: return ['LPOP', 'L', '3'];
      case 4: return ['SADD', 'T', this.text(10)];
      case 5: return ['SREM', 'T', member];
      case 6: return ['ZADD', 'Z', String(this.below(5000)), member];
      case 7: return ['ZREM', 'Z', member];
      case 8: return ['SETRANGE', `b${this.below(5)}`, String(this.below(90_000)), this.text(99)];
      case 10: return ['SETBIT', `b${this.below(5)}`, String(this.below(3_000_000)), '1'];
      case 11: return ['BITFIELD', `b${this.below(5)}`, 'SET', 'u8', '#9', '77', 'SET', 'u16',
        `#${this.below(150_000)}`, String(this.below(60_000))];
      case 9: return ['APPEND', `b${this.below(5)}`, this.text(200)];
      default: return ['LINSERT', 'L', 'BEFORE', member, 'inserted'];
    }
  }

  private rare(): string[] {
    switch (this.below(120)) {
      case 0: return ['SWAPDB', '0', '1'];
      case 1: return ['DEL', ['H', 'L', 'T', 'Z'][this.below(4)] as string];
      case 2: return ['SELECT', String(this.below(2))];
      case 3: return ['DEL', `b${this.below(5)}`];
      case 4: return ['SET', `b${this.below(5)}`, this.text(300_000)];
      case 5: return ['RENAME', `b${this.below(5)}`, `b${this.below(5)}`];
      default: return ['MOVE', this.key(), String(this.below(2))];
    }
  }
}
