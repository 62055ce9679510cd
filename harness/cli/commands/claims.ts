// `plugpull run claims`: the claims → measurements → claims.json, claims.md and claims.html.

import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { claimProfiles, isClaim } from '../../claims/claim.ts';
import type { Claim, ClaimProfile } from '../../claims/claim.ts';
import { runClaims } from '../../claims/run-claims.ts';
import type { ClaimsEvent } from '../../claims/run-claims.ts';
import { HarnessError } from '../../errors.ts';
import { didYouMean } from '../../plan/nearest.ts';
import { aligned } from '../../plan/plan-text.ts';
import type { TargetName } from '../../plan/scenario.ts';
import { countText, durationText } from '../../plan/units.ts';
import { claimsMarkdown } from '../../report/claims/claims-markdown.ts';
import { claimsPage } from '../../report/claims/claims-page.ts';
import { serverName, verdictText } from '../../report/claims/claims-record.ts';
import type { ClaimsRecord } from '../../report/claims/claims-record.ts';
import { claimsText } from '../../report/claims/claims-text.ts';
import { discardRunFolder, makeRunFolder, writeWhole } from '../../report/write.ts';
import type { RunFolder } from '../../report/write.ts';
import type { CliContext } from '../context.ts';
import { exitFail, exitInconclusive, exitInterrupted, exitPass } from '../exit-codes.ts';
import { interruptibly } from '../interrupts.ts';
import type { RunFlags } from '../options.ts';
import { cleanLeftovers, unsupported } from '../preflight.ts';
import { isSource, loadBuiltIn } from '../scenario-files.ts';
import { parseCount, parseNames, usage } from '../values.ts';

const measurable = ['bundled', 'redis', 'valkey'] as const;
const usualTargets: readonly TargetName[] = ['bundled', 'redis'];
const understood: ReadonlySet<string> = new Set([
  'target', 'seed', 'profile', 'out', 'json', 'dryRun',
]);

/** True for `claims`, `claims/8` and `claims/flushall-rescue`. */
export function isClaimWord(word: string): boolean {
  return word === 'claims' || word.startsWith('claims/');
}

/** Every claim of the folder of scenarios, by number. */
export async function loadClaims({ scenariosDirectory }: CliContext): Promise<Claim[]> {
  const folder = join(scenariosDirectory, 'claims');
  const files = (await readdir(folder)).filter(isSource).sort();
  const loaded = await Promise.all(files.map(async (file) => {
    const exported = await import(pathToFileURL(join(folder, file)).href) as { default?: unknown };
    return isClaim(exported.default) ? [exported.default] : [];
  }));
  return loaded.flat().sort((one, other) => one.number - other.number);
}

/**
 * Runs what the words name.
 * @throws {HarnessError} USAGE for other words or flags, ENVIRONMENT when nothing can be measured.
 */
export async function runClaimWords(
  context: CliContext, words: readonly string[], flags: RunFlags,
): Promise<number> {
  refuseOtherFlags(flags);
  const profile = profileOf(flags);
  const claims = chosen(await loadClaims(context), words);
  const wanted = flags.target === undefined ? usualTargets
    : parseNames('--target', flags.target, measurable);
  const seed = flags.seed === undefined ? context.randomSeed()
    : parseCount('--seed', flags.seed, [0, 0xffffffff]);
  if (flags.dryRun === true) {
    context.stdout.write(dryText(claims, { profile, wanted, seed }));
    return exitPass;
  }
  const located = await locate(context, wanted, flags.target !== undefined);
  for (const { name, reason } of located.missing) {
    context.stderr.write(`${name} is not measured: ${reason}\n`);
  }
  await cleanLeftovers(context);
  const out = resolve(context.cwd, flags.out);
  const time = context.now().toISOString().slice(0, 19).replaceAll(':', '-');
  const folder = await makeRunFolder(out, `claims-${time}-seed${seed}`);
  const record = await measure(context, claims, { folder, profile, seed, ...located });
  const { stdout, stderr } = context;
  for (const name of ['claims.json', 'claims.md', 'claims.html']) {
    stderr.write(`${name}: ${join(folder.runDirectory, name)}\n`);
  }
  stdout.write(flags.json === true ? `${JSON.stringify(record, null, 2)}\n` : claimsText(record));
  return exitCodeOf(record);
}

function refuseOtherFlags(flags: RunFlags): void {
  for (const name of Object.keys(flags)) {
    if (understood.has(name)) continue;
    const flag = `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    throw usage(`${flag}: not for claims, whose parameters belong to their rules; expected `
      + '--target, --profile, --seed, --out, --json or --dry-run');
  }
}

function profileOf({ profile = 'quick' }: RunFlags): ClaimProfile {
  const [found] = parseNames('--profile', [profile], claimProfiles);
  return found ?? 'quick';
}

function chosen(claims: readonly Claim[], words: readonly string[]): Claim[] {
  const names = claims.flatMap(({ name, number }) => [name, String(number)]);
  const found = new Set<Claim>();
  for (const word of words) {
    if (!isClaimWord(word)) {
      throw usage(`'${word}': claims are run alone, found a scenario beside them`);
    }
    const one = word.slice('claims/'.length);
    const own = claims.filter(({ name, number }) => (
      word === 'claims' || name === one || String(number) === one));
    if (own.length === 0) throw usage(`no claim '${one}'${didYouMean(one, names)}`);
    for (const claim of own) found.add(claim);
  }
  return claims.filter((claim) => found.has(claim));
}

interface Dry {
  readonly profile: ClaimProfile;
  readonly wanted: readonly TargetName[];
  readonly seed: number;
}

function dryText(claims: readonly Claim[], { profile, wanted, seed }: Dry): string {
  const eachMs = claims.map(({ estimatedMs }) => estimatedMs[profile] * wanted.length);
  const rows = claims.map((claim, at) => (
    [String(claim.number), claim.name, `about ${durationText(eachMs[at] ?? 0)}`,
      JSON.stringify(claim.parameters[profile])]));
  const totalMs = eachMs.reduce((sum, ms) => sum + ms, 0);
  return `seed ${seed} · profile ${profile} · ${countText(claims.length, 'claim')} on `
    + `${wanted.map(serverName).join(', ')} · about ${durationText(totalMs)}\n`
    + `${aligned(rows).join('\n')}\n`;
}

type Located = Pick<ClaimsRecord, 'missing'> & { readonly located: ClaimsRecord['targets'] };

/** Targets that are here. One that was asked for by name must be. */
async function locate(
  context: CliContext, wanted: readonly TargetName[], isAskedFor: boolean,
): Promise<Located> {
  const located: ClaimsRecord['targets'][number][] = [];
  const missing: ClaimsRecord['missing'][number][] = [];
  for (const name of wanted) {
    const found = await context.targets[name].locate();
    if (found.kind === 'found') located.push({ name, version: found.version });
    else {
      const reason = `it is not here: looked for ${found.lookedFor.join(', ')}; to install it: `
        + found.install;
      missing.push({ name, reason });
    }
  }
  const [first] = missing;
  if (first === undefined || (!isAskedFor && located.length > 0)) return { located, missing };
  throw new HarnessError('ENVIRONMENT', missing.map(({ name, reason }) => `target ${name}: `
    + reason).join('\n'));
}

interface Measurement extends Located {
  readonly folder: RunFolder;
  readonly profile: ClaimProfile;
  readonly seed: number;
}

/** Measures with progress; the files are whole after each claim. */
async function measure(
  context: CliContext, claims: readonly Claim[], { folder, ...given }: Measurement,
): Promise<ClaimsRecord> {
  const extended = (await loadBuiltIn(context))
    .filter(({ scenario }) => scenario.tags.includes('chaos-extended'))
    .map(({ scenario: { name, question } }) => ({ name, question }));
  let isKept = false;
  const keep = async (record: ClaimsRecord): Promise<void> => {
    isKept = true;
    await keepRecord(folder.runDirectory, record);
  };
  try {
    return await interruptibly(context, async ({ signal, progress }) => {
      const record = await runClaims(claims, {
        ...folder, ...given, extended, signal, targets: context.targets,
        startedAt: context.now().toISOString(),
        unsupported: (cell) => unsupported(context, cell),
        onEvent: (event) => progress.line(eventText(event)),
        onRecord: keep,
      });
      await keep(record);
      return record;
    });
  } catch (error) {
    if (!isKept) await discardRunFolder(folder);
    throw error;
  }
}

async function keepRecord(runDirectory: string, record: ClaimsRecord): Promise<void> {
  await writeWhole(join(runDirectory, 'claims.json'), `${JSON.stringify(record, null, 2)}\n`);
  await writeWhole(join(runDirectory, 'claims.md'), claimsMarkdown(record));
  await writeWhole(join(runDirectory, 'claims.html'), claimsPage(record));
}

function eventText(event: ClaimsEvent): string {
  switch (event.kind) {
    case 'claim-started': {
      const { claim, target, place, count } = event;
      return `[${place}/${count}] ${claim.number}. ${claim.sentence} · ${serverName(target)}`;
    }
    case 'progress': return `    ${event.text}`;
    case 'claim-finished': {
      const { result } = event;
      return `  → ${verdictText(result)}: ${result.decisive} (${durationText(result.tookMs)})`;
    }
  }
}

/** A broken promise of data counts; a claim that does not hold is an answer. */
function exitCodeOf({ claims, interrupted }: ClaimsRecord): number {
  if (interrupted) return exitInterrupted;
  const results = claims.flatMap((claim) => claim.results);
  if (results.some(({ broken }) => broken.length > 0)) return exitFail;
  return results.some(({ verdict }) => verdict === 'inconclusive') ? exitInconclusive : exitPass;
}
