// The few shapes of XML that S3 answers with and asks for: elements without attributes that matter,
// no mixed content.

/** The text of every element of that name, in order. */
export function textsOf(xml: string, name: string): string[] {
  return blocksOf(xml, name).map(unescape);
}

/** The text of the first such element, or null. */
export function textOf(xml: string, name: string): string | null {
  return textsOf(xml, name)[0] ?? null;
}

/** What stands within every element of that name. */
export function blocksOf(xml: string, name: string): string[] {
  const pattern = new RegExp(`<${name}(?:\\s[^>]*)?>([^]*?)</${name}>`, 'g');
  return [...xml.matchAll(pattern)].map((match) => match[1] ?? '');
}

const entities: Readonly<Record<string, string>> = {
  amp: '&', lt: '<', gt: '>', quot: '"', apos: "'",
};

function unescape(text: string): string {
  return text.replace(/&(#?\w+);/g, (whole, name: string) => {
    if (name.startsWith('#x')) return String.fromCodePoint(Number.parseInt(name.slice(2), 16));
    if (name.startsWith('#')) return String.fromCodePoint(Number(name.slice(1)));
    return entities[name] ?? whole;
  });
}

/** Text that may stand in an element. */
export function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (each) => (
    { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }[each] ?? each));
}
