// The argument notation of the registry → the argument trees of COMMAND DOCS, from which redis-cli
// makes its hints.
//
//   notation := item*            item := atom ['...']
//   atom     := '[' notation ('|' notation)* ']'    optional, one of several where there is a bar
//             | '(' notation ('|' notation)* ')'    one of several
//             | '{' notation '}'                    a block, with '...' repeated as a whole
//             | TOKEN [name | '(' … ')' | '{' … '}']   capitals stand for themselves, before each
//             | name [':' type]                     where its name does not tell its type
import type { ReplyWriter } from '../resp/reply-writer.ts';
import type { CommandSpec } from './spec.ts';

/** One argument as COMMAND DOCS describes it. */
export interface ArgumentDoc {
  name: string;
  type: string;
  token: string | null;
  keySpecIndex: number | null;
  optional: boolean;
  multiple: boolean;
  /** The token is repeated as well. */
  multipleToken: boolean;
  parts: ArgumentDoc[];
}

const keyNames = new Set(['key', 'key2', 'newkey', 'source', 'destination']);
const integerNames = new Set([
  'seconds', 'milliseconds', 'start', 'stop', 'end', 'offset', 'increment', 'decrement', 'count',
  'cursor', 'index', 'index1', 'index2', 'numreplicas', 'timeout', 'protover', 'client-id',
  'version', 'numkeys', 'limit', 'rank', 'num-matches', 'len', 'min-match-len', 'weight', 'bit',
  'db', 'destination-db', 'ttl', 'frequency',
]);
const doubleNames = new Set(['score']);
const writtenType = /^(.+):(double|integer|string|pattern)$/;

class NotationParser {
  private readonly tokens: string[];
  private at = 0;
  private keysSeen = 0;
  private readonly keySpecs: number;

  constructor(notation: string, keySpecs: number) {
    this.keySpecs = keySpecs;
    this.tokens = notation.match(/\.\.\.|[[\](){}|]|[^\s[\](){}|.]+/g) ?? [];
  }

  /** Items up to a closing mark, a bar or the end. */
  sequence(): ArgumentDoc[] {
    const items: ArgumentDoc[] = [];
    for (let token = this.tokens[this.at]; token !== undefined; token = this.tokens[this.at]) {
      if (token === ']' || token === ')' || token === '}' || token === '|') break;
      items.push(this.item(token));
    }
    return items;
  }

  private item(token: string): ArgumentDoc {
    this.at++;
    const doc = /[[({]/.test(token) ? this.group(token) : this.word(token);
    if (this.tokens[this.at] === '...') {
      this.at++;
      doc.multiple = true;
      doc.multipleToken = doc.token !== null && token === '[';
    }
    return doc;
  }

  private group(open: string): ArgumentDoc {
    const alternatives = [this.sequence()];
    while (this.tokens[this.at] === '|') {
      this.at++;
      alternatives.push(this.sequence());
    }
    this.at++;
    if (open === '{') return blockOf(alternatives.flat());
    const parts = alternatives.map((items) => asOne(items));
    const doc = parts.length === 1 && parts[0] !== undefined ? parts[0] : oneOf(parts);
    if (open === '[') doc.optional = true;
    return doc;
  }

  private word(token: string): ArgumentDoc {
    if (token !== token.toUpperCase() || !/[A-Z]/.test(token)) return this.named(token, null);
    const next = this.tokens[this.at];
    if (next === '(' || next === '{') {
      this.at++;
      return { ...this.group(next), token };
    }
    if (next !== undefined && next === next.toLowerCase() && /^[a-z]/.test(next)) {
      this.at++;
      return this.named(next, token);
    }
    return leaf(token.toLowerCase(), 'pure-token', token);
  }

  private named(written: string, token: string | null): ArgumentDoc {
    const [, name = written, type = typeOf(name)] = writtenType.exec(written) ?? [];
    const doc = leaf(name, type, token);
    if (type === 'key') doc.keySpecIndex = Math.min(this.keysSeen++, this.keySpecs - 1);
    return doc;
  }
}

function leaf(name: string, type: string, token: string | null): ArgumentDoc {
  return { name, type, token, keySpecIndex: null, optional: false, multiple: false,
    multipleToken: false, parts: [] };
}

function typeOf(name: string): string {
  if (keyNames.has(name)) return 'key';
  if (name.startsWith('unix-time')) return 'unix-time';
  if (name === 'pattern') return 'pattern';
  if (doubleNames.has(name)) return 'double';
  return integerNames.has(name) ? 'integer' : 'string';
}

function asOne(items: ArgumentDoc[]): ArgumentDoc {
  const first = items[0];
  if (items.length === 1 && first !== undefined) return first;
  return blockOf(items);
}

function blockOf(items: ArgumentDoc[]): ArgumentDoc {
  return { ...leaf(items.map((item) => item.name).join('_'), 'block', null), parts: items };
}

function oneOf(parts: ArgumentDoc[]): ArgumentDoc {
  return { ...leaf(parts.map((part) => part.name).join('_'), 'oneof', null), parts };
}

/** The arguments of a command in the notation above; `keySpecs` is how many key specs it has. */
export function parseArguments(notation: string, keySpecs: number = Infinity): ArgumentDoc[] {
  return new NotationParser(notation, keySpecs).sequence();
}

/** One entry of COMMAND DOCS: the map that follows the name. */
export function replyDocs(reply: ReplyWriter, spec: CommandSpec): void {
  const { row } = spec;
  const parsed = row.syntax === undefined ? [] : parseArguments(row.syntax, row.keys?.length);
  const fields = [row.complexity !== undefined, parsed.length > 0, spec.subcommands !== null];
  reply.map(3 + fields.filter(Boolean).length);
  for (const [name, text] of Object.entries({
    summary: row.summary, since: row.since, group: row.group, complexity: row.complexity,
  })) {
    if (text === undefined) continue;
    reply.bulkText(name);
    reply.bulkText(text);
  }
  if (parsed.length > 0) {
    reply.bulkText('arguments');
    replyArguments(reply, parsed);
  }
  if (spec.subcommands === null) return;
  reply.bulkText('subcommands');
  reply.map(spec.subcommands.specs.length);
  for (const sub of spec.subcommands.specs) {
    reply.bulkText(sub.fullName);
    replyDocs(reply, sub);
  }
}

function replyArguments(reply: ReplyWriter, docs: readonly ArgumentDoc[]): void {
  reply.array(docs.length);
  for (const doc of docs) {
    const flags = flagsOf(doc);
    const hasParts = doc.parts.length > 0;
    const extra = [doc.keySpecIndex !== null, doc.token !== null, flags.length > 0, hasParts];
    reply.map(2 + extra.filter(Boolean).length);
    reply.bulkText('name');
    reply.bulkText(doc.name);
    reply.bulkText('type');
    reply.bulkText(doc.type);
    if (doc.keySpecIndex !== null) {
      reply.bulkText('key_spec_index');
      reply.integer(doc.keySpecIndex);
    }
    if (doc.token !== null) {
      reply.bulkText('token');
      reply.bulkText(doc.token);
    }
    if (flags.length > 0) {
      reply.bulkText('flags');
      reply.set(flags.length);
      for (const name of flags) reply.simple(name);
    }
    if (!hasParts) continue;
    reply.bulkText('arguments');
    replyArguments(reply, doc.parts);
  }
}

function flagsOf({ optional, multiple, multipleToken }: ArgumentDoc): string[] {
  const flags = [optional ? 'optional' : '', multiple ? 'multiple' : ''];
  return [...flags, multipleToken ? 'multiple_token' : ''].filter(Boolean);
}
