// The claims in a terminal: the sentence, then the verdict and what decided of each server.

import { aligned } from '../../plan/plan-text.ts';
import { countText, durationText } from '../../plan/units.ts';
import { serverName, verdictText } from './claims-record.ts';
import type { ClaimsRecord } from './claims-record.ts';

/** All of a record. */
export function claimsText({ claims, tookMs }: ClaimsRecord): string {
  const lines = claims.flatMap(({ number, sentence, results }) => [
    `${number}. ${sentence}`,
    ...aligned(results.map((result) => (
      [`   ${serverName(result.target)}`, verdictText(result), result.decisive]))),
    ...results.flatMap(({ instead }) => (instead === null ? [] : [`   ${instead}`]))
      .filter((line, at, all) => all.indexOf(line) === at),
  ]);
  return `${lines.join('\n')}\n\n${countText(claims.length, 'claim')} in `
    + `${durationText(tookMs)}\n`;
}
