// The configuration of one engine: defaults, what the user wrote over them, and CONFIG GET and SET.

import { EngineError } from '../errors.ts';
import { directives } from './directives.ts';
import type {
  Directive, DirectiveKind, DirectiveValue, OutputLimits, Rename, SavePoint,
} from './directive.ts';
import { nearest } from './nearest.ts';
import { aliases } from './pack-directives.ts';
import {
  directivesWithoutEffect, harmlessValues, otherAliases, refusedDirectives,
} from './other-directives.ts';
import type { DirectiveEntry } from './source.ts';
import { formatValue, parseValue, parseWords } from './values.ts';

const byName: ReadonlyMap<string, Directive> = new Map(directives.map((row) => [row.name, row]));

/** The name that a directive has today. */
function mainName(name: string): string {
  return aliases.get(name) ?? otherAliases.get(name) ?? name;
}

/** A directive under any of its names. */
function rowOf(name: string): Directive | undefined {
  return byName.get(mainName(name));
}

/** Why a directive that this engine does not obey may not have this value; null: it may. */
function refusalOf(name: string, value: string): string | null {
  const reason = refusedDirectives.get(name) ?? null;
  return reason !== null && value === harmlessValues.get(name) ? null : reason;
}

/** CONFIG SET's answer; fits `CommandOutcome` of the commands. */
export interface ConfigOutcome {
  readonly kind: 'ok' | 'error';
  readonly text: string;
}

/** Told of CONFIG SET after all values are in place; an error text puts the old ones back. */
export type OnChange = (names: ReadonlySet<string>) => string | null;

/** The values of all directives. */
export class Configuration {
  /** Lines worth a warning at start. */
  readonly warnings: string[] = [];
  onChange: OnChange = () => null;
  private readonly values: Map<string, DirectiveValue> = new Map();
  private readonly others: Map<string, string> = new Map([
    ...directivesWithoutEffect, ...harmlessValues,
  ]);

  /** @throws {EngineError} CONFIG_BAD when a directive is unknown or refused or its value wrong. */
  constructor(entries: readonly DirectiveEntry[]) {
    for (const row of directives) this.values.set(row.name, row.initial);
    const last = new Map<string, DirectiveEntry>();
    for (const entry of entries) {
      this.load(entry, last.has(entry.name));
      last.set(entry.name, entry);
    }
    for (const entry of last.values()) this.check(entry);
    if (this.integer('sync-delay-ms') > 0 && this.text('op-log-file') === '') {
      throw new EngineError('CONFIG_BAD', 'sync-delay-ms needs op-log-file: name a file for it');
    }
  }

  integer(name: string): number {
    return this.valueOf(name, 'number') as number;
  }

  flag(name: string): boolean {
    return this.valueOf(name, 'boolean') as boolean;
  }

  text(name: string): string {
    return this.valueOf(name, 'string') as string;
  }

  words(name: string): readonly string[] {
    return this.valueOf(name, 'object') as readonly string[];
  }

  savePoints(): readonly SavePoint[] {
    return this.valueOf('save', 'object') as readonly SavePoint[];
  }

  renames(): readonly Rename[] {
    return this.valueOf('rename-command', 'object') as readonly Rename[];
  }

  outputLimits(): OutputLimits {
    return this.valueOf('client-output-buffer-limit', 'object') as OutputLimits;
  }

  /** Puts in place what the system chose (port 0, a relative directory). */
  settle(name: string, value: DirectiveValue): void {
    this.valueOf(name, typeof value);
    this.values.set(name, value);
  }

  /** All directives with their values as CONFIG GET prints them. */
  entries(): readonly (readonly [string, string])[] {
    const own = directives.filter((row) => row.hidden !== true)
      .map(({ name, kind, spelling }) => {
        const shown = this.shown(name, kind);
        return [name, spelling?.(shown) ?? shown] as const;
      });
    const again = [...aliases].map(([alias, name]) => [alias, this.shown(name)] as const);
    const others = [...otherAliases].map(([alias, name]) =>
      [alias, this.others.get(name) ?? ''] as const);
    return [...own, ...again, ...this.others, ...others];
  }

  /** CONFIG SET: all or nothing. */
  set(pairs: readonly (readonly [string, string])[]): ConfigOutcome {
    const changed = new Map<string, DirectiveValue>();
    const others = new Map<string, string>();
    for (const [rawName, text] of pairs) {
      const name = mainName(rawName.toLowerCase());
      if (changed.has(name) || others.has(name)) return setFailed(name, 'duplicate parameter');
      const row = byName.get(name);
      if (row !== undefined && row.hidden !== true) {
        const value = this.parseForSet(row, text);
        if (value instanceof Refusal) return setFailed(name, value.text);
        changed.set(name, value);
      } else if (this.others.has(name)) {
        const reason = refusalOf(name, text);
        if (reason !== null) return setFailed(name, reason);
        others.set(name, text);
      } else {
        const text = `ERR Unknown option or number of arguments for CONFIG SET - '${rawName}'`;
        return { kind: 'error', text };
      }
    }
    return this.apply(changed, others);
  }

  rewrite(): ConfigOutcome {
    return {
      kind: 'error',
      text: 'ERR CONFIG REWRITE is not supported: edit the configuration file by hand',
    };
  }

  private apply(
    changed: ReadonlyMap<string, DirectiveValue>,
    others: ReadonlyMap<string, string>,
  ): ConfigOutcome {
    const before = new Map(this.values);
    for (const [name, value] of changed) this.values.set(name, value);
    const problem = this.onChange(new Set(changed.keys()));
    if (problem !== null) {
      for (const [name, value] of before) this.values.set(name, value);
      this.onChange(new Set(changed.keys()));
      return setFailed([...changed.keys()].join(', '), problem);
    }
    for (const [name, text] of others) this.others.set(name, text);
    return { kind: 'ok', text: 'OK' };
  }

  private parseForSet(row: Directive, text: string): DirectiveValue | Refusal {
    if (row.mutability === 'immutable') return new Refusal("can't set immutable config");
    if (row.mutability === 'protected') return new Refusal("can't set protected config");
    const words = text === '' && row.kind === 'save' ? [] : [text];
    const current = this.values.get(row.name) as DirectiveValue;
    const parsed = parseValue({ ...row, initial: current }, words);
    return parsed.kind === 'ok' ? parsed.value : new Refusal(parsed.reply);
  }

  private load(entry: DirectiveEntry, again: boolean): void {
    const row = rowOf(entry.name);
    if (row === undefined) {
      this.loadOther(entry);
      return;
    }
    const current = this.values.get(row.name) as DirectiveValue;
    const parsed = parseWords({ ...row, initial: current }, entry.values);
    if (parsed.kind === 'error') {
      throw new EngineError('CONFIG_BAD', badValue(entry, row, parsed.problem));
    }
    // As in Redis each further `save` adds its points, and an empty one takes all back.
    const empty = entry.values.join('').trim() === '';
    if (row.kind === 'renames') {
      const renames = (parsed.value as Rename[]).map((one) => ({ ...one, where: entry.where }));
      this.values.set(row.name, [...this.renames(), ...renames]);
      return;
    }
    if (row.kind === 'save' && again && !empty) {
      this.values.set(row.name, [...this.savePoints(), ...(parsed.value as SavePoint[])]);
    } else {
      this.values.set(row.name, parsed.value);
    }
  }

  /** What is wrong with the value that won. */
  private check(entry: DirectiveEntry): void {
    const row = rowOf(entry.name);
    const value = row === undefined ? undefined : this.values.get(row.name);
    const problem = value === undefined ? null : (row?.check?.(value) ?? null);
    if (row === undefined || problem === null) return;
    throw new EngineError('CONFIG_BAD', badValue(entry, row, problem));
  }

  private loadOther(entry: DirectiveEntry): void {
    const { where } = entry;
    const name = mainName(entry.name);
    const value = entry.values.join(' ');
    const reason = refusalOf(name, value);
    if (reason !== null) throw new EngineError('CONFIG_BAD', refusal(entry, reason));
    if (!this.others.has(name)) throw new EngineError('CONFIG_BAD', unknownDirective(entry));
    if (value !== (directivesWithoutEffect.get(name) ?? value)) {
      this.warnings.push(`${where}: '${entry.name}' is accepted and has no effect`);
    }
    this.others.set(name, value);
  }

  private shown(name: string, kind?: DirectiveKind): string {
    return formatValue(this.values.get(name) as DirectiveValue, kind);
  }

  private valueOf(name: string, type: string): DirectiveValue {
    const value = this.values.get(name);
    // A directive asked for by a name or type it does not have is our bug, not the user's.
    if (value === undefined || typeof value !== type) throw new TypeError(`no ${type} '${name}'`);
    return value;
  }
}

class Refusal {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

function setFailed(name: string, reason: string): ConfigOutcome {
  const text = `ERR CONFIG SET failed (possibly related to argument '${name}') - ${reason}`;
  return { kind: 'error', text };
}

function badValue(entry: DirectiveEntry, row: Directive, problem: string): string {
  const found = entry.values.length === 0 ? 'nothing' : `'${entry.values.join(' ')}'`;
  const named = entry.where === `--${entry.name}` ? entry.where : `${entry.where}: ${entry.name}`;
  const text = `${named}: ${problem}, found ${found}`;
  const suggestion = row.choices && nearest(entry.values.join(' '), row.choices);
  return suggestion === undefined || suggestion === null || suggestion === entry.values[0]
    ? text
    : `${text}; did you mean '${suggestion}'?`;
}

function refusal({ name, where }: DirectiveEntry, reason: string): string {
  return `${where}: the directive '${name}' is not supported: ${reason}`;
}

function unknownDirective(entry: DirectiveEntry): string {
  const { name, where } = entry;
  const equals = name.indexOf('=');
  if (equals > 0) {
    return `${where}: write '--${name.slice(0, equals)} ${name.slice(equals + 1)}' without '='`;
  }
  const suggestion = nearest(name, [...byName.keys(), ...directivesWithoutEffect.keys(),
    ...harmlessValues.keys(), ...aliases.keys(), ...otherAliases.keys()]);
  const hint = suggestion === null ? 'see --help for the list' : `did you mean '${suggestion}'?`;
  return `${where}: unknown directive '${name}'; ${hint}`;
}
