// claims.md: the table of claims, then a section each.

import { countText, durationText } from '../../plan/units.ts';
import { escaped, tableRow } from '../markdown-text.ts';
import { serverName, verdictText } from './claims-record.ts';
import type { ClaimRecord, ClaimResult, ClaimsRecord } from './claims-record.ts';

/** The whole page. */
export function claimsMarkdown(record: ClaimsRecord): string {
  return [
    '# The claims, measured', '', ...surroundings(record), '', ...table(record), '',
    ...record.claims.flatMap(section), ...extended(record),
  ].join('\n');
}

/** One sentence a line: how many claims, where, and what is missing. */
function surroundings(record: ClaimsRecord): string[] {
  const { testbed, targets, missing, profile, seed, tookMs, interrupted } = record;
  const servers = targets.map(({ name, version }) => `${serverName(name)} ${version}`).join(', ');
  return [
    `${countText(record.claims.length, 'claim')}, profile ${profile}, seed ${seed}, `
    + `${durationText(tookMs)}, with ${escaped(servers)}. ${escaped(testbed.cpu)}, `
    + `${countText(testbed.cores, 'core')}, ${escaped(testbed.kernel)}, `
    + `${escaped(testbed.fs)}, fdatasync ${Math.round(testbed.fdatasyncUs)} µs.`,
    ...missing.map(({ name, reason }) => (
      `\n**${serverName(name)} was not measured:** ${escaped(reason)}`)),
    ...(interrupted ? ['\n**Interrupted:** claims that are not here were not measured.'] : []),
  ];
}

function table({ claims, targets }: ClaimsRecord): string[] {
  const heads = targets.map(({ name }) => serverName(name));
  return [
    tableRow(['#', 'claim', ...heads]),
    tableRow(['--:', '---', ...heads.map(() => '---')]),
    ...claims.map((claim) => tableRow([
      String(claim.number), escaped(claim.sentence),
      ...targets.map(({ name }) => cellText(claim.results.find((one) => one.target === name))),
    ])),
  ];
}

function cellText(result: ClaimResult | undefined): string {
  if (result === undefined) return 'not measured';
  return `**${escaped(verdictText(result))}**: ${escaped(result.decisive)}`;
}

function section(claim: ClaimRecord): string[] {
  const { number, sentence, statedIn, refutedBy, measured, results } = claim;
  return [
    `## ${number}. ${escaped(sentence)}`, '',
    `Stated in: ${escaped(statedIn)}`, '',
    `Refuted by: ${escaped(refutedBy)}`, '',
    `Measured: ${escaped(measured)}`, '',
    ...results.flatMap(resultLines),
    ...factTable(results),
  ];
}

function resultLines(result: ClaimResult): string[] {
  const { target, decisive, instead, broken } = result;
  return [
    `- ${serverName(target)}: **${escaped(verdictText(result))}** (${escaped(decisive)}).`
    + (instead === null ? '' : ` ${escaped(instead)}`),
    ...broken.map((text) => `  - a promise was broken: ${escaped(text)}`),
  ];
}

function factTable(results: readonly ClaimResult[]): string[] {
  const labels = [...new Set(results.flatMap(({ facts }) => facts.map(([label]) => label)))];
  if (labels.length === 0) return [''];
  const factOf = (result: ClaimResult, wanted: string): string => (
    result.facts.find(([label]) => label === wanted)?.[1] ?? '');
  return [
    '',
    tableRow(['figure', ...results.map(({ target }) => serverName(target))]),
    tableRow(['---', ...results.map(() => '---')]),
    ...labels.map((label) => (
      tableRow([label, ...results.map((result) => factOf(result, label))].map(escaped)))),
    '',
  ];
}

function extended({ extended: scenarios }: ClaimsRecord): string[] {
  if (scenarios.length === 0) return [];
  return [
    '## Further than the claims', '',
    'Scenarios tagged `chaos-extended`; `plugpull run --tag chaos-extended` runs them all:', '',
    ...scenarios.map(({ name, question }) => `- \`plugpull run ${name}\`: ${escaped(question)}`),
    '',
  ];
}
