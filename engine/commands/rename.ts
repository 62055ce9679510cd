// `rename-command`: the registry under other names.
import { EngineError } from '../errors.ts';
import { NameTable, registry } from './registry.ts';
import { CommandSpec } from './spec.ts';
import type { SpecTable } from './spec.ts';

/** One renaming; names are lower case, an empty new name takes the command away. */
export interface CommandRename {
  readonly name: string;
  readonly newName: string;
  /** For messages: where it was asked for. */
  readonly where: string;
}

/**
 * All commands after these renamings, one after the other; null without any.
 * @throws {EngineError} CONFIG_BAD when there is no such command or the new name is taken.
 */
export function renamedCommands(renames: readonly CommandRename[]): SpecTable | null {
  if (renames.length === 0) return null;
  const byName = new Map(registry.specs.map((spec) => [spec.row.name, spec]));
  for (const { name, newName, where } of renames) {
    const spec = byName.get(name);
    if (spec === undefined) {
      throw new EngineError('CONFIG_BAD', `${where}: rename-command: no such command '${name}'`);
    }
    byName.delete(name);
    if (newName === '') continue;
    if (byName.has(newName)) {
      const text = `${where}: rename-command: '${newName}' is the name of a command already`;
      throw new EngineError('CONFIG_BAD', text);
    }
    byName.set(newName, new CommandSpec(spec.row, spec.parent, { name: newName, spec }));
  }
  return new NameTable([...byName.values()]);
}
