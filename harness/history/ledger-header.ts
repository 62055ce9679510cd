// The header of a ledger file: magic, version, and the workload as JSON.

import { HarnessError } from '../errors.ts';
import { fixedHeaderBytes, ledgerMagic, ledgerVersion } from './ledger-format.ts';
import type { LedgerHeader } from './ledger-format.ts';

/** Largest header that makes sense; more means a damaged size field. */
const maximumHeaderBytes = 1024 * 1024;

/** The bytes of a header, a multiple of 8 so that the records after it are aligned. */
export function encodeHeader(header: LedgerHeader): Uint8Array {
  const json = JSON.stringify({ clients: header.clients, workload: header.workload });
  const size = Math.ceil((fixedHeaderBytes + Buffer.byteLength(json)) / 8) * 8;
  const bytes = Buffer.alloc(size, ' ');
  bytes.write(ledgerMagic, 0, 'latin1');
  bytes.writeUInt32LE(ledgerVersion, 8);
  bytes.writeUInt32LE(size, 12);
  bytes.write(json, fixedHeaderBytes, 'utf8');
  return bytes;
}

/**
 * Reads the header and where the records begin.
 * @throws {HarnessError} LEDGER_BAD when it is cut, damaged, foreign or of another version.
 */
export function readHeader(bytes: Uint8Array): { header: LedgerHeader; headerBytes: number } {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.length < fixedHeaderBytes) {
    throw ledgerBad(0, `a header of at least ${fixedHeaderBytes} bytes`, `${view.length} bytes`);
  }
  const magic = view.toString('latin1', 0, 8);
  if (magic !== ledgerMagic) {
    throw ledgerBad(0, `the magic ${ledgerMagic}`, JSON.stringify(magic));
  }
  const version = view.readUInt32LE(8);
  if (version !== ledgerVersion) {
    throw ledgerBad(8, `version ${ledgerVersion}`,
      `version ${version}: use the Plugpull that wrote it`);
  }
  const headerBytes = view.readUInt32LE(12);
  const isSize = headerBytes % 8 === 0 && headerBytes > fixedHeaderBytes
    && headerBytes <= maximumHeaderBytes;
  if (!isSize) throw ledgerBad(12, 'a header size that is a multiple of 8', `${headerBytes}`);
  if (headerBytes > view.length) {
    throw ledgerBad(12, `a header of ${headerBytes} bytes`, `a file of ${view.length}`);
  }
  return { header: parseJson(view.toString('utf8', fixedHeaderBytes, headerBytes)), headerBytes };
}

/** A damaged ledger: where, what was expected, what was found. */
export function ledgerBad(offsetBytes: number, expected: string, found: string): HarnessError {
  return new HarnessError('LEDGER_BAD',
    `ledger: offset ${offsetBytes}: expected ${expected}, found ${found}`);
}

function parseJson(text: string): LedgerHeader {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw ledgerBad(fixedHeaderBytes, 'JSON', (error as Error).message);
  }
  const { clients, workload } = (value ?? {}) as { clients?: unknown; workload?: unknown };
  const isCount = typeof clients === 'number' && Number.isInteger(clients);
  if (!isCount || clients < 1 || clients > 65_535) {
    throw ledgerBad(fixedHeaderBytes, 'clients from 1 to 65535', JSON.stringify(clients) ?? 'none');
  }
  if (typeof workload !== 'object' || workload === null) {
    throw ledgerBad(fixedHeaderBytes, 'a workload object', JSON.stringify(workload) ?? 'none');
  }
  return { clients, workload };
}
