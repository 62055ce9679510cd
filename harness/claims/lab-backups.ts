// Backups in a lab: of its servers, to a folder or to S3, and back. S3 is a server of our own that
// breaks connections, or the bucket that PLUGPULL_CLAIMS_S3 names (s3://bucket/prefix).

import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { takeBackup } from '../backup/backup.ts';
import type { BackupRecord } from '../backup/record.ts';
import { findBackup, restoreBackup } from '../backup/restore.ts';
import { decide } from '../backup/retention.ts';
import type { Retention } from '../backup/retention.ts';
import { folderStore } from '../backup/stores/folder-store.ts';
import { s3Store } from '../backup/stores/s3-store.ts';
import type { BackupStore } from '../backup/stores/store.ts';
import { HarnessError } from '../errors.ts';
import { startS3Server } from '../s3/own-server/server.ts';
import type { Harm } from '../s3/own-server/server.ts';
import { s3Settings } from '../s3/settings.ts';
import type { Lab } from './lab.ts';
import type { LabServer } from './lab-server.ts';

/** What is done to the connections of our own server. */
export interface S3Breaks {
  /** Uploads of parts that break, each once. */
  readonly uploads: number;
  readonly downloads: number;
}

/** Backups of one store. */
export class LabBackups {
  readonly #lab: Lab;
  readonly #store: BackupStore;

  constructor(lab: Lab, store: BackupStore) {
    this.#lab = lab;
    this.#store = store;
  }

  /** In a new folder of the lab. */
  static inFolder(lab: Lab): LabBackups {
    return new LabBackups(lab, folderStore(lab.folder()));
  }

  /** Takes one of a running server, by BGSAVE, under the name of a moment. */
  take({ port, directory }: LabServer, takenAt: Date): Promise<BackupRecord> {
    return takeBackup({
      source: {
        kind: 'live', directory,
        server: { host: '127.0.0.1', port, user: null, password: null },
      },
      wanted: 'rdb', store: this.#store, takenAt, onStep: () => {}, say: () => {},
    }, this.#work);
  }

  /** Names, oldest first. */
  async names(): Promise<string[]> {
    return (await this.#store.names(this.#lab.signal)).filter(({ isWhole }) => isWhole)
      .map(({ name }) => name);
  }

  /** Lets go what the rules do not keep; the names of those. */
  async prune(retention: Retention): Promise<string[]> {
    const gone = decide(await this.names(), retention)
      .filter(({ because }) => because.length === 0).map(({ name }) => name);
    for (const name of gone) await this.#store.remove(name, this.#lab.signal);
    return gone;
  }

  /**
   * Brings one back; the folder it lies in then.
   * @throws {HarnessError} BACKUP_BAD when it is damaged.
   */
  async restore(name: string): Promise<string> {
    const directory = this.#lab.folder();
    const record = await findBackup(this.#store, name, this.#lab.signal);
    await restoreBackup(record, { store: this.#store, directory, onStep: () => {} }, this.#work);
    return directory;
  }

  get #work(): { signal: AbortSignal; onBytes: () => void } {
    return { signal: this.#lab.signal, onBytes: () => {} };
  }
}

/** A store in S3 and what is known of what lies behind it. */
export interface LabS3 {
  readonly backups: LabBackups;
  /** `server of our own`, or the real endpoint. */
  readonly where: string;
  /** Connections that were broken so far. */
  broken(): number;
  /** Requests that a retry followed. */
  retried(): number;
  /** Parts that were uploaded; null: not ours to count. */
  parts(): number | null;
  /** Flips one bit of an object of the store; false where it is not ours to damage. */
  damage(place: number): boolean;
  /** Undoes `damage`. */
  mend(): void;
  close(): Promise<void>;
}

const ownKeys = { accessKeyId: 'AKIACLAIMS', secretAccessKey: 'a-secret-of-this-process' };
const ownPartBytes = 256 * 1024;

/** Opens it. @throws {HarnessError} USAGE when PLUGPULL_CLAIMS_S3 is no URL of a bucket. */
export async function openS3(lab: Lab, breaks: S3Breaks): Promise<LabS3> {
  const real = process.env['PLUGPULL_CLAIMS_S3'];
  const staging = lab.folder();
  mkdirSync(path.join(staging), { recursive: true });
  let retried = 0;
  const onRetry = (): void => {
    retried += 1;
  };
  if (real !== undefined && real !== '') {
    const settings = s3Settings(real, {}, process.env);
    const store = s3Store(settings, { staging, onRetry });
    return {
      backups: new LabBackups(lab, store), where: settings.endpoint.host,
      broken: () => 0, retried: () => retried, parts: () => null,
      damage: () => false, mend: () => {}, close: async () => {},
    };
  }
  return ownS3(lab, { breaks, staging, onRetry, retried: () => retried });
}

async function ownS3(lab: Lab, { breaks, staging, onRetry, retried }: {
  readonly breaks: S3Breaks; readonly staging: string; readonly onRetry: () => void;
  readonly retried: () => number;
}): Promise<LabS3> {
  const left = { ...breaks };
  const met = new Set<string>();
  let broken = 0;
  const server = await startS3Server({
    bucket: 'claims', ...ownKeys,
    harm: ({ method, key, query }): Harm => {
      const part = query.get('partNumber');
      const kind = method === 'PUT' && part !== null ? 'uploads'
        : method === 'GET' && key.includes('/data/') ? 'downloads' : null;
      if (kind === null || left[kind] === 0) return { kind: 'none' };
      if (kind === 'uploads' && met.has(`${key} ${part}`)) return { kind: 'none' };
      met.add(`${key} ${part}`);
      left[kind] -= 1;
      broken += 1;
      return kind === 'downloads' ? { kind: 'break-download', afterBytes: 100_000 }
        : { kind: 'break-upload', afterBytes: lab.draw('break', part ?? '') * ownPartBytes };
    },
  });
  const settings = s3Settings('s3://claims/redis', { endpoint: server.endpoint }, {
    AWS_ACCESS_KEY_ID: ownKeys.accessKeyId, AWS_SECRET_ACCESS_KEY: ownKeys.secretAccessKey,
  });
  const store = s3Store(settings, {
    staging, onRetry, partBytes: ownPartBytes,
    retries: { count: 12, firstWaitMs: 10, maxWaitMs: 200 },
  });
  let undo = (): void => {};
  return {
    backups: new LabBackups(lab, store), where: 'an S3 server of our own',
    broken: () => broken, retried,
    parts: () => server.requests.filter((each) => (
      each.startsWith('PUT') && each.includes('partNumber='))).length,
    damage(place): boolean {
      const keys = [...server.objects.keys()];
      const key = keys[place % keys.length] ?? '';
      const whole = server.objects.get(key);
      if (whole === undefined) throw new HarnessError('STORE_FAILED', 'nothing to damage');
      const bytes = Buffer.from(whole);
      const at = Math.floor(lab.draw('damage', place) * bytes.length);
      bytes[at] = (bytes[at] ?? 0) ^ 1 << (place % 8);
      server.objects.set(key, bytes);
      undo = () => server.objects.set(key, whole);
      return true;
    },
    mend: () => undo(),
    close: () => server.close(),
  };
}
