// INFO as fields.

import type { RespClient } from './client.ts';

/** The fields of INFO, or of one of its sections, by name. */
export async function infoFields(
  client: Pick<RespClient, 'call'>, ...section: readonly string[]
): Promise<ReadonlyMap<string, string>> {
  const text = String(await client.call('INFO', ...section));
  return new Map(text.split('\r\n').filter((line) => /^\w+:/.test(line)).map((line) => {
    const at = line.indexOf(':');
    return [line.slice(0, at), line.slice(at + 1)];
  }));
}
