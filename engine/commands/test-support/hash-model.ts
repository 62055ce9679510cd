// Hashes with field deadlines as a few lines of JavaScript, to compare the engine with.

interface Field {
  value: string;
  /** Unix ms; 0: none. */
  deadlineMs: number;
}

type Hash = Map<string, Field>;

/** Text as the replies of the in-process server have it. */
const bulk = (value: string | undefined): string => (value === undefined ? 'nil' : `"${value}"`);
const list = (items: readonly string[]): string => `[${items.join(', ')}]`;
const integers = (items: readonly number[]): string => list(items.map((item) => `:${item}`));

/** Answers hash commands; pairs and fields of whole hashes are sorted. */
export class HashModel {
  nowMs: number;
  private hashes = new Map<string, Hash>();

  constructor(nowMs: number) {
    this.nowMs = nowMs;
  }

  /** All there is: key → field → value and deadline, sorted. */
  contents(): string[] {
    return [...this.hashes.keys()].flatMap((key) =>
      [...this.living(key)].map(([field, { value, deadlineMs }]) =>
        `${key} ${field} ${value} ${deadlineMs}`)).sort();
  }

  /** The reply to one command. */
  send(parts: readonly string[]): string {
    const [name = '', key = '', ...rest] = parts;
    const hash = this.living(key);
    const reply = this.answer(name, hash, rest);
    if (reply !== null) {
      this.keep(key, hash);
      return reply;
    }
    const target = rest[0] ?? '';
    return name === 'RENAME' ? this.rename(key, target, hash) : this.copy(target, hash, key);
  }

  private answer(name: string, hash: Hash, rest: readonly string[]): string | null {
    switch (name) {
      case 'HSET': return `:${setPairs(hash, rest, () => 0)}`;
      case 'HSETNX': return hash.has(rest[0] ?? '') ? ':0' : `:${setPairs(hash, rest, () => 0)}`;
      case 'HGET': return bulk(hash.get(rest[0] ?? '')?.value);
      case 'HMGET': return list(rest.map((field) => bulk(hash.get(field)?.value)));
      case 'HEXISTS': return hash.has(rest[0] ?? '') ? ':1' : ':0';
      case 'HLEN': return `:${hash.size}`;
      case 'HDEL': return `:${rest.filter((field) => hash.delete(field)).length}`;
      case 'HINCRBY': return increment(hash, rest);
      case 'HKEYS': return list([...hash.keys()].map(bulk).sort());
      case 'HPEXPIRE': return this.expire(hash, rest);
      case 'HPEXPIRETIME': return times(hash, rest.slice(2));
      case 'HPERSIST': return persist(hash, rest.slice(2));
      case 'HGETDEL': return getAnd(rest.slice(2), hash, (field) => hash.delete(field));
      case 'HGETEX': return this.getExpire(hash, rest);
      case 'HSETEX': return this.setExpire(hash, rest);
      default: return null;
    }
  }

  private living(key: string): Hash {
    const hash = this.hashes.get(key) ?? new Map<string, Field>();
    for (const [field, { deadlineMs }] of hash) {
      if (deadlineMs !== 0 && deadlineMs < this.nowMs) hash.delete(field);
    }
    return hash;
  }

  private keep(key: string, hash: Hash): void {
    if (hash.size > 0) this.hashes.set(key, hash);
    else this.hashes.delete(key);
  }

  private rename(key: string, target: string, hash: Hash): string {
    // A hash whose fields are all due is there until a command meets them: not compared.
    if (hash.size === 0) return '';
    this.hashes.delete(key);
    this.hashes.set(target, hash);
    return '+OK';
  }

  private copy(target: string, hash: Hash, key: string): string {
    if (hash.size === 0 || key === target) return '';
    this.hashes.set(target, new Map([...hash].map(([field, state]) => [field, { ...state }])));
    return ':1';
  }

  private setDeadline(hash: Hash, field: string, deadlineMs: number): number {
    const state = hash.get(field);
    if (state === undefined) return -2;
    if (deadlineMs <= this.nowMs) {
      hash.delete(field);
      return 2;
    }
    state.deadlineMs = deadlineMs;
    return 1;
  }

  /** ms [condition] FIELDS n field… */
  private expire(hash: Hash, rest: readonly string[]): string {
    const wantedMs = this.nowMs + Number(rest[0]);
    const condition = rest[1] === 'FIELDS' ? '' : rest[1];
    return integers(rest.slice(condition === '' ? 3 : 4).map((field) => {
      const present = hash.get(field)?.deadlineMs;
      if (present === undefined) return -2;
      const holds = { NX: present === 0, XX: present !== 0,
        GT: present !== 0 && wantedMs > present, LT: present === 0 || wantedMs < present };
      if (condition !== '' && !holds[condition as 'NX']) return 0;
      return this.setDeadline(hash, field, wantedMs);
    }));
  }

  /** [PX ms | PERSIST] FIELDS n field… */
  private getExpire(hash: Hash, rest: readonly string[]): string {
    const fields = rest.slice(rest.indexOf('FIELDS') + 2);
    return getAnd(fields, hash, (field, state) => {
      if (rest[0] === 'PX') this.setDeadline(hash, field, this.nowMs + Number(rest[1]));
      else if (rest[0] === 'PERSIST') state.deadlineMs = 0;
    });
  }

  /** [FNX | FXX] [PX ms | KEEPTTL] FIELDS n {field value}… */
  private setExpire(hash: Hash, rest: readonly string[]): string {
    const at = rest.indexOf('FIELDS');
    const pairs = rest.slice(at + 2);
    const fields = pairs.filter((_, i) => i % 2 === 0);
    if (rest[0] === 'FNX' && fields.some((field) => hash.has(field))) return ':0';
    if (rest[0] === 'FXX' && !fields.every((field) => hash.has(field))) return ':0';
    const time = rest.indexOf('PX');
    const keeps = rest.indexOf('KEEPTTL') >= 0 && rest.indexOf('KEEPTTL') < at;
    setPairs(hash, pairs, (before) => (keeps ? before : 0));
    if (time < 0 || time > at) return ':1';
    for (const field of fields) {
      this.setDeadline(hash, field, this.nowMs + Number(rest[time + 1]));
    }
    return ':1';
  }
}

function setPairs(
  hash: Hash, pairs: readonly string[], deadlineAfter: (before: number) => number,
): number {
  const before = hash.size;
  for (let i = 0; i + 1 < pairs.length; i += 2) {
    const field = pairs[i] ?? '';
    const deadlineMs = deadlineAfter(hash.get(field)?.deadlineMs ?? 0);
    hash.set(field, { value: pairs[i + 1] ?? '', deadlineMs });
  }
  return hash.size - before;
}

function increment(hash: Hash, [field = '', delta = '']: readonly string[]): string {
  const state = hash.get(field) ?? { value: '0', deadlineMs: 0 };
  if (!/^-?\d+$/.test(state.value)) return '-ERR hash value is not an integer';
  state.value = String(Number(state.value) + Number(delta));
  hash.set(field, state);
  return `:${state.value}`;
}

function times(hash: Hash, fields: readonly string[]): string {
  return integers(fields.map((field) => {
    const state = hash.get(field);
    return state === undefined ? -2 : state.deadlineMs || -1;
  }));
}

function persist(hash: Hash, fields: readonly string[]): string {
  return integers(fields.map((field) => {
    const state = hash.get(field);
    if (state === undefined) return -2;
    if (state.deadlineMs === 0) return -1;
    state.deadlineMs = 0;
    return 1;
  }));
}

function getAnd(
  fields: readonly string[], hash: Hash, change: (field: string, state: Field) => void,
): string {
  return list(fields.map((field) => {
    const state = hash.get(field);
    const reply = bulk(state?.value);
    if (state !== undefined) change(field, state);
    return reply;
  }));
}
