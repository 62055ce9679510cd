// The file of a target `command`: how a server that we do not start ourselves is started, killed
// and wiped. JSON, each command a text for `sh -c`:
//
//   {
//     "name": "redis-in-docker",
//     "address": "127.0.0.1:6400",
//     "start": "docker run -d --name pp -p 6400:6379 redis:7 redis-server {directives}",
//     "kill": "docker kill pp",
//     "wipe": "docker rm -vf pp",
//     "stop": "docker stop pp",      optional: a polite end
//     "logs": "docker logs pp"       optional: the words of the server
//   }
//
// `{directives}` in start stands for `--appendonly yes --save '' …`, quoted for a shell.

import fs from 'node:fs';
import * as v from 'valibot';
import { HarnessError, reasonOf } from '../errors.ts';
import type { Address } from './ports.ts';

/** What a file says. */
export interface CommandFile {
  /** How reports call it. */
  readonly name: string;
  readonly address: Address;
  readonly start: string;
  readonly kill: string;
  readonly wipe: string;
  readonly stop: string | null;
  readonly logs: string | null;
}

const placeholder = '{directives}';
const nameExpected = 'letters, digits, dots and dashes, at most 40';
const addressExpected = 'host:port with a port from 1 to 65535';
const startExpected = `a command with ${placeholder}, where the directives of a cell go`;
const known = ['name', 'address', 'start', 'kill', 'wipe', 'stop', 'logs'];

const command = v.pipe(v.string('a command'), v.trim(), v.minLength(1, 'a command'));

const schema = v.strictObject({
  name: v.pipe(v.string(nameExpected), v.regex(/^[\w.-]{1,40}$/, nameExpected)),
  address: v.pipe(v.string(addressExpected), v.check(isAddress, addressExpected)),
  start: v.pipe(v.string(startExpected), v.includes(placeholder, startExpected)),
  kill: command,
  wipe: command,
  stop: v.optional(command),
  logs: v.optional(command),
}, (issue) => {
  if (issue.expected === 'never') return `only the fields ${known.join(', ')}`;
  return issue.path === undefined ? 'an object' : 'a text';
});

/**
 * Reads the file of a target `command`.
 * @throws {HarnessError} USAGE naming the file, the field, what was expected and what was found.
 */
export function readCommandFile(path: string): CommandFile {
  const result = v.safeParse(schema, parseJson(path));
  if (!result.success) {
    const mistakes = result.issues.map((issue) => {
      const field = v.getDotPath(issue) ?? 'the file';
      const found = JSON.stringify(issue.input) ?? 'nothing';
      return `${field}: expected ${issue.message}, found ${found}`;
    });
    throw bad(path, mistakes.join('\n  '));
  }
  const { address, stop = null, logs = null, ...rest } = result.output;
  const { hostname, port } = new URL(`redis://${address}`);
  const host = hostname.replaceAll(/[[\]]/g, '');
  return { ...rest, stop, logs, address: { host, port: Number(port) } };
}

/** The start command with the directives of a cell in their place. */
export function startCommand(
  { start }: CommandFile, directives: readonly (readonly [name: string, value: string])[],
): string {
  const words = directives.flatMap(([name, value]) => [`--${name}`, value]).map(quoted);
  return start.replaceAll(placeholder, () => words.join(' '));
}

// Plain words stay as they are: they may pass through two shells, as with ssh.
function quoted(word: string): string {
  return /^[\w.,:/@%+=-]+$/.test(word) ? word : `'${word.replaceAll('\'', '\'\\\'\'')}'`;
}

function isAddress(text: string): boolean {
  if (!URL.canParse(`redis://${text}`)) return false;
  const { hostname, port, pathname } = new URL(`redis://${text}`);
  return hostname !== '' && Number(port) > 0 && pathname === '';
}

function parseJson(path: string): unknown {
  try {
    return JSON.parse(fs.readFileSync(path, 'utf8'));
  } catch (cause) {
    throw bad(path, reasonOf(cause));
  }
}

function bad(path: string, text: string): HarnessError {
  return new HarnessError('USAGE', `${path}: not the file of a target command:\n  ${text}\n`
    + 'docs/command-targets.md shows whole files');
}
