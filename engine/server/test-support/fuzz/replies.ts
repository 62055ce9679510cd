// Whether bytes are a sequence of whole replies, RESP2 or RESP3.

export interface ReplyCounts {
  readonly count: number;
  readonly errors: number;
}

const lineKinds = '+-:_,#(';
const bulkKinds = '$=!';
const listKinds = '*~>%|';

/** Counts top-level replies, or says what is wrong. */
export function wholeReplies(bytes: Buffer): ReplyCounts | string {
  let at = 0;
  let count = 0;
  let errors = 0;
  while (at < bytes.length) {
    if (bytes[at] === 45) errors++;
    // Attributes precede a reply and count as none; nothing here sends them.
    for (let open = 1; open > 0; open--) {
      const lineEnd = bytes.indexOf('\r\n', at);
      if (lineEnd < 0) return `a reply without end at ${at}: ${shown(bytes, at)}`;
      const kind = String.fromCharCode(bytes[at] ?? 0);
      const number = Number(bytes.toString('latin1', at + 1, lineEnd));
      at = lineEnd + 2;
      if (bulkKinds.includes(kind)) {
        if (number >= 0) at += number + 2;
        if (!(number >= -1) || at > bytes.length) return `a bulk cut off: ${shown(bytes, lineEnd)}`;
        if (number >= 0 && (bytes[at - 2] !== 13 || bytes[at - 1] !== 10)) {
          return `a bulk longer than it says: ${shown(bytes, lineEnd)}`;
        }
      } else if (listKinds.includes(kind)) {
        if (!(number >= -1)) return `a list of ${number}: ${shown(bytes, lineEnd)}`;
        if (number > 0) open += kind === '%' || kind === '|' ? number * 2 : number;
      } else if (!lineKinds.includes(kind)) {
        return `no reply: ${shown(bytes, lineEnd)}`;
      }
    }
    count++;
  }
  return { count, errors };
}

function shown(bytes: Buffer, at: number): string {
  return JSON.stringify(bytes.subarray(Math.max(0, at - 40), at + 60).toString('latin1'));
}
