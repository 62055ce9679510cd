// redis-server and valkey-server: found by environment variable or on the PATH, started with
// exactly the directives of the cell and no configuration file.

import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { HarnessError, reasonOf } from '../errors.ts';
import { launch } from './server-process.ts';
import type { Located, RunningTarget, StartOptions, Target } from './target.ts';

interface Product {
  readonly name: 'redis' | 'valkey';
  readonly program: string;
  readonly variable: string;
  readonly install: string;
}

const products: readonly Product[] = [
  {
    name: 'redis',
    program: 'redis-server',
    variable: 'REDIS_SERVER_BIN',
    install: 'apt-get install redis-server (Debian, Ubuntu), brew install redis (macOS)',
  },
  {
    name: 'valkey',
    program: 'valkey-server',
    variable: 'VALKEY_SERVER_BIN',
    install: 'apt-get install valkey-server (Debian 13, Ubuntu), brew install valkey (macOS)',
  },
];

/** The target `redis`; `environment` is process.env unless a test says otherwise. */
export function redisTarget(environment: NodeJS.ProcessEnv = process.env): Target {
  return serverTarget(products[0] as Product, environment);
}

/** The target `valkey`; `environment` is process.env unless a test says otherwise. */
export function valkeyTarget(environment: NodeJS.ProcessEnv = process.env): Target {
  return serverTarget(products[1] as Product, environment);
}

function serverTarget(product: Product, environment: NodeJS.ProcessEnv): Target {
  const locate = (): Promise<Located> => locateProduct(product, environment);
  return {
    name: product.name,
    records: false,
    locate,
    start: async (options) => startProduct(product, await locate(), options),
  };
}

async function locateProduct(product: Product, environment: NodeJS.ProcessEnv): Promise<Located> {
  const override = environment[product.variable];
  const lookedFor = candidates(product, environment);
  const shown =
    override === undefined || override === ''
      ? [...lookedFor, `$${product.variable} (not set)`]
      : [`${override} ($${product.variable})`];
  const binary = lookedFor.find(isExecutable);
  const install = `${product.install}, or set ${product.variable}`;
  if (binary === undefined) return { kind: 'missing', lookedFor: shown, install };
  try {
    return { kind: 'found', binary, version: await askVersion(binary) };
  } catch (error) {
    const why = reasonOf(error).split('\n', 1)[0];
    return { kind: 'missing', lookedFor: [`${binary}: --version failed: ${why}`], install };
  }
}

function candidates(product: Product, environment: NodeJS.ProcessEnv): string[] {
  const override = environment[product.variable];
  if (override !== undefined && override !== '') return [path.resolve(override)];
  return (environment['PATH'] ?? '')
    .split(path.delimiter)
    .filter((directory) => directory !== '')
    .map((directory) => path.join(directory, product.program));
}

function isExecutable(file: string): boolean {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}

async function askVersion(binary: string): Promise<string> {
  const { stdout } = await promisify(execFile)(binary, ['--version'], { timeout: 5000 });
  return parseVersion(stdout);
}

/**
 * The version in `Redis server v=7.0.15 sha=…` or `Valkey server v=8.1.1 …`.
 * @throws {HarnessError} ENVIRONMENT when the text is something else.
 */
export function parseVersion(text: string): string {
  const version = /\bserver v=(\S+)/.exec(text)?.[1];
  if (version !== undefined) return version;
  const shown = JSON.stringify(text.trim().slice(0, 80));
  throw new HarnessError('ENVIRONMENT', `expected "… server v=<version>", found ${shown}`);
}

async function startProduct(
  product: Product,
  located: Located,
  options: StartOptions,
): Promise<RunningTarget> {
  if (located.kind === 'missing') {
    const looked = located.lookedFor.join(', ');
    const text = `no ${product.program}: looked for ${looked}; ${located.install}`;
    throw new HarnessError('ENVIRONMENT', text);
  }
  if (options.record !== null) {
    const text = `${product.name} writes no op log: only the bundled target can be recorded`;
    throw new HarnessError('USAGE', text);
  }
  return launch({
    title: `${product.name} ${located.version}`,
    binary: located.binary,
    args: [...baseArguments(options), '--daemonize', 'no', ...directiveArguments(options)],
    directory: options.directory,
    port: options.port,
    logPath: options.logPath,
    signal: options.signal,
  });
}

/** Port, address and directory, as every server of this family takes them. */
export function baseArguments(options: StartOptions): string[] {
  return ['--port', String(options.port), '--bind', '127.0.0.1', '--dir', options.directory];
}

/** The directives of the cell as arguments, in their order. */
export function directiveArguments(options: StartOptions): string[] {
  return options.directives.flatMap(([name, value]) => [`--${name}`, value]);
}
