// Feeds a decoder as a session does: whole requests from the chunk, the rest kept in front of the
// next one. For tests.

import { needMore, protocolError, RequestDecoder } from '../decoder.ts';
import type { DecoderOptions } from '../decoder.ts';

export interface Decoded {
  /** Arguments joined by '|', latin1. */
  requests: string[];
  error: string;
  rest: string;
}

/** Decodes a stream that comes in these chunks. */
export function decodeChunks(chunks: readonly Buffer[], options?: DecoderOptions): Decoded {
  const decoder = new RequestDecoder(options);
  const requests: string[] = [];
  let kept = Buffer.alloc(0);
  let keptStart = 0;
  let turn = 0;
  for (const chunk of chunks) {
    // The unfinished request moves about, as buffers are compacted and exchanged.
    const start = turn++ % 3;
    const buffer = Buffer.concat([Buffer.alloc(start, '#'), kept.subarray(keptStart), chunk]);
    let at = start;
    for (;;) {
      const status = decoder.decode(buffer, at, buffer.length);
      if (status === protocolError) return { requests, error: decoder.errorText, rest: '' };
      if (status === needMore) break;
      const argumentTexts = Array.from({ length: decoder.argc }, (_, i) =>
        buffer.toString('latin1', decoder.argStart[i], decoder.argEnd[i]));
      requests.push(argumentTexts.join('|'));
      at = decoder.requestEnd;
    }
    kept = buffer;
    keptStart = decoder.requestStart;
  }
  return { requests, error: '', rest: kept.toString('latin1', keptStart) };
}

/** Copies, since inline requests are unescaped in place. */
export function singleBytes(bytes: Buffer): Buffer[] {
  return Array.from(bytes, (byte) => Buffer.from([byte]));
}

/** The stream cut in two at every place. */
export function halves(bytes: Buffer): Buffer[][] {
  return Array.from({ length: bytes.length + 1 }, (_, at) => [
    Buffer.from(bytes.subarray(0, at)),
    Buffer.from(bytes.subarray(at)),
  ]);
}
