// Pieces of Markdown that all its pages use.

/** A row of a table. */
export function tableRow(texts: readonly string[]): string {
  return `| ${texts.join(' | ')} |`;
}

/** Keeps words of servers and paths from being read as Markdown or HTML. */
export function escaped(text: string): string {
  return text
    .replaceAll(/\s*\n\s*/g, ' · ')
    .replaceAll(/[\\`*_|<>[\]]/g, (character) => `\\${character}`);
}
