// The S3 client against the server of our own: signatures in both styles, pages, parts, and
// connections that break at every place.

import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { inspect } from 'node:util';
import path from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { HarnessError } from '../errors.ts';
import { S3Client } from './client.ts';
import { s3Settings, urlOf } from './settings.ts';
import type { S3Flags } from './settings.ts';
import { expectedSignature, parseAuthorization } from './own-server/signature.ts';
import { startS3Server } from './own-server/server.ts';
import type { Harm, ServerOptions, TestServer } from './own-server/server.ts';
import { uploadFile } from './upload.ts';
import type { UploadMemory } from './upload.ts';

const keys = {
  accessKeyId: 'AKIATESTTESTTEST', secretAccessKey: 'very/secret+key=1234567890abcdef',
};
const env = { AWS_ACCESS_KEY_ID: keys.accessKeyId, AWS_SECRET_ACCESS_KEY: keys.secretAccessKey };
const bucket = 'backups';

async function serverFor(
  t: ExecutionContext, options: Partial<ServerOptions> = {},
): Promise<TestServer> {
  const server = await startS3Server({ bucket, ...keys, ...options });
  t.teardown(() => server.close());
  return server;
}

function clientOf(server: TestServer, given: {
  readonly flags?: S3Flags; readonly env?: Record<string, string>; readonly bucket?: string;
  readonly retries?: number; readonly told?: string[];
} = {}): S3Client {
  const flags = { endpoint: server.endpoint, ...given.flags };
  const settings = s3Settings(`s3://${given.bucket ?? bucket}/pre fix`, flags, {
    ...env, ...given.env,
  });
  return new S3Client(settings, {
    signal: new AbortController().signal,
    retries: { count: given.retries ?? 3, firstWaitMs: 1, maxWaitMs: 2 },
    transport: { idleMs: 10_000, lookup: () => '127.0.0.1' },
    onRetry: (text) => given.told?.push(text),
  });
}

const nothingBegun: UploadMemory = { begun: () => null, note: () => {} };

function fileOf(t: ExecutionContext, bytes: Buffer): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'plugpull-s3-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(path.join(folder, 'file'), bytes);
  return path.join(folder, 'file');
}

test('the check of signatures gives the published example', (t) => {
  // "GET Object" of the S3 documentation, Authenticating Requests, Signature Calculations.
  const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
  const authorization = parseAuthorization('AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/'
    + '20130524/us-east-1/s3/aws4_request, SignedHeaders=host;range;x-amz-content-sha256;x-amz-date'
    + `, Signature=${'0'.repeat(64)}`);
  t.is(authorization === null ? '' : expectedSignature({
    method: 'GET', target: '/test.txt',
    headers: {
      'host': 'examplebucket.s3.amazonaws.com', 'range': 'bytes=0-9',
      'x-amz-content-sha256': empty, 'x-amz-date': '20130524T000000Z',
    },
  }, authorization, 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'),
  'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41');
});

for (const style of ['path', 'virtual']) {
  test(`objects go and come in ${style} style, whatever their names`, async (t) => {
    const server = await serverFor(t, { pageKeys: 2, sessionToken: 'a session token' });
    const client = clientOf(server, {
      flags: { style, endpoint: server.endpoint.replace('127.0.0.1', 's3.test') },
      env: { AWS_SESSION_TOKEN: 'a session token' },
    });
    const names = ['pre fix/a', 'pre fix/b+c', "pre fix/d'(e)*!", 'pre fix/ü&<f>', 'other/g'];
    for (const name of names) await client.put(name, Buffer.from(`content of ${name}`));
    t.deepEqual([...server.objects.keys()].sort(), [...names].sort());
    const listed = (await client.list('pre fix/')).map(({ key }) => key);
    t.deepEqual(listed.sort(), names.slice(0, 4).sort(), 'over two pages');
    for (const name of names) t.is(await client.getText(name), `content of ${name}`);
    t.is(await client.size('pre fix/a'), 'content of pre fix/a'.length);
    await client.remove('pre fix/a');
    t.is(await client.getText('pre fix/a'), null);
    t.is(await client.size('pre fix/a'), null);
  });
}

test('which style, endpoint and region: flags, then the environment, then by the host', (t) => {
  const url = (flags: S3Flags, more: Record<string, string> = {}): string => (
    urlOf(s3Settings('s3://data/p/', flags, { ...env, ...more }), 'p/x').toString());
  t.is(url({}), 'https://data.s3.us-east-1.amazonaws.com/p/x');
  t.is(url({}, { AWS_REGION: 'eu-central-1' }), 'https://data.s3.eu-central-1.amazonaws.com/p/x');
  t.is(url({}, { AWS_ENDPOINT_URL: 'http://localhost:9000' }), 'http://localhost:9000/data/p/x');
  t.is(url({}, { AWS_ENDPOINT_URL: 'http://no', AWS_ENDPOINT_URL_S3: 'http://yes' }),
    'http://yes/data/p/x');
  t.is(url({ endpoint: 'https://s3.oss-cn-hangzhou.aliyuncs.com', region: 'cn-hangzhou' }),
    'https://data.s3.oss-cn-hangzhou.aliyuncs.com/p/x');
  t.is(url({ endpoint: 'http://localhost:9000', style: 'virtual' }),
    'http://data.localhost:9000/p/x');
  for (const [text, flags, set] of [
    ['AWS_SECRET_ACCESS_KEY is not set', {}, { AWS_SECRET_ACCESS_KEY: '' }],
    ['expected a URL', { endpoint: 'localhost:9000' }, {}],
    ['expected an endpoint with a name', { endpoint: 'http://127.0.0.1:9', style: 'virtual' }, {}],
    ['expected path or virtual', { style: 'host' }, {}],
  ] as const) {
    t.throws(() => s3Settings('s3://data', flags, { ...env, ...set }), {
      instanceOf: HarnessError, code: 'USAGE', message: new RegExp(text),
    });
  }
  t.throws(() => s3Settings('s3://', {}, env), { code: 'USAGE', message: /s3:\/\/bucket\/prefix/ });
});

const refusals: readonly (readonly [
  text: RegExp, server: Partial<ServerOptions>, client: Parameters<typeof clientOf>[1],
])[] = [
  [/no such bucket 'elsewhere'/, {}, { bucket: 'elsewhere' }],
  [/access key is unknown/, {}, { env: { AWS_ACCESS_KEY_ID: 'AKIAANOTHER' } }],
  [/secret does not belong/, {}, { env: { AWS_SECRET_ACCESS_KEY: 'wrong-but-secret' } }],
  [/session token is not valid/, { sessionToken: 'x' }, { env: { AWS_SESSION_TOKEN: 'token-y' } }],
  [/clocks differ.*360\d s ahead/, { skewMs: -3_600_000 }, {}],
  [/clocks differ.*3(59|60)\d s behind/, { skewMs: 3_600_000 }, {}],
  [/in another region.*--region eu-west-1/, { region: 'eu-west-1' }, {}],
];

test('refusals are told with what to do, once, and without a secret', async (t) => {
  for (const [text, serverOptions, given] of refusals) {
    const server = await serverFor(t, serverOptions);
    const client = clientOf(server, given);
    const error = await t.throwsAsync(client.put('k', Buffer.from('v')), {
      code: 'STORE_FAILED', message: text,
    });
    t.is(server.requests.length, 1, 'nothing was tried again');
    const shown = `${error?.stack}${inspect(error, { depth: 9 })}${inspect(client.settings)}`
      + JSON.stringify(client.settings);
    for (const secret of [keys.secretAccessKey, 'wrong-but-secret', 'token-y', 'AKIA']) {
      t.false(shown.includes(secret), `${secret} in ${shown}`);
    }
  }
});

test('what fails for a moment is tried again, and then given up', async (t) => {
  let left = 2;
  const server = await serverFor(t, {
    harm: (): Harm => (left-- > 0 ? { kind: 'answer', status: 503, code: 'SlowDown' }
      : { kind: 'none' }),
  });
  const told: string[] = [];
  await clientOf(server, { told }).put('k', Buffer.from('v'));
  t.is(told.length, 2);
  t.regex(told[0] ?? '', /503 SlowDown.*try 2 of 4/);
  left = 99;
  await t.throwsAsync(clientOf(server).put('k', Buffer.from('w')), { message: /503 SlowDown/ });
  t.is(server.objects.get('k')?.toString(), 'v');
});

test('an upload broken at ten places of ten parts is resumed by itself', async (t) => {
  const bytes = randomBytes(640_000);
  const broken = new Set<string>();
  const server = await serverFor(t, {
    harm: ({ method, query }): Harm => {
      const part = query.get('partNumber');
      if (method !== 'PUT' || part === null || broken.has(part)) return { kind: 'none' };
      broken.add(part);
      // Of the body nothing, a byte, some, all; and all of it, but not the answer.
      const afterBytes = [1, 2, 1000, 30_000, 63_000][Number(part) % 5] ?? 0;
      return Number(part) % 3 === 0 ? { kind: 'break-answer' }
        : { kind: 'break-upload', afterBytes };
    },
  });
  const told: string[] = [];
  let sent = 0;
  await uploadFile(clientOf(server, { told }), {
    path: fileOf(t, bytes), key: 'big', memory: nothingBegun, partBytes: 65_536,
    onProgress: (count) => {
      sent += count;
    },
  });
  t.is(broken.size, 10);
  t.is(told.length, 10);
  t.is(sent, bytes.length);
  t.true(server.objects.get('big')?.equals(bytes));
  t.is(server.uploads.size, 0);
});

test('an upload given up at each of ten parts is resumed by the next one', async (t) => {
  const bytes = randomBytes(640_000);
  let allowed = 0;
  let seen = 0;
  const server = await serverFor(t, {
    harm: ({ method, query }): Harm => (
      method === 'PUT' && query.has('partNumber') && ++seen > allowed
        ? { kind: 'break-upload', afterBytes: 100 } : { kind: 'none' }),
  });
  const file = fileOf(t, bytes);
  let id: string | null = null;
  const memory: UploadMemory = {
    begun: () => id,
    note: (_key, uploadId) => {
      id = uploadId;
    },
  };
  const upload = { path: file, key: 'big', memory, partBytes: 65_536 };
  for (let time = 1; time <= 10; time++) {
    [seen, allowed] = [0, time === 1 ? 0 : 1];
    await t.throwsAsync(uploadFile(clientOf(server, { retries: 0 }), upload), {
      code: 'STORE_FAILED',
    });
    t.is(server.uploads.get('upload-1')?.parts.size, time - 1, 'one part more than before');
    t.false(server.objects.has('big'), 'nothing is there before all of it is');
  }
  [seen, allowed] = [0, 99];
  const before = server.requests.length;
  await uploadFile(clientOf(server), upload);
  t.is(server.requests.slice(before).filter((each) => each.includes('partNumber=')).length, 1,
    'only what was missing was sent');
  t.true(server.objects.get('big')?.equals(bytes));
});

test('a changed part is sent again, an upload that is gone begun anew', async (t) => {
  const bytes = randomBytes(200_000);
  const server = await serverFor(t);
  server.uploads.set('upload-old', { key: 'big', parts: new Map([[1, Buffer.alloc(65_536)]]) });
  const upload = { path: fileOf(t, bytes), key: 'big', partBytes: 65_536 };
  for (const begun of ['upload-old', 'upload-gone']) {
    await uploadFile(clientOf(server), {
      ...upload, memory: { begun: () => begun, note: () => {} },
    });
    t.true(server.objects.get('big')?.equals(bytes));
    server.objects.clear();
  }
});

test('an answer that got lost after the parts were joined is no failure', async (t) => {
  const bytes = randomBytes(100_000);
  let broke = false;
  const server = await serverFor(t, {
    harm: ({ method, query }): Harm => {
      if (method !== 'POST' || !query.has('uploadId') || broke) return { kind: 'none' };
      broke = true;
      return { kind: 'break-answer' };
    },
  });
  await uploadFile(clientOf(server), {
    path: fileOf(t, bytes), key: 'big', memory: nothingBegun, partBytes: 65_536,
  });
  t.true(broke);
  t.true(server.objects.get('big')?.equals(bytes));
});

test('a download broken again and again goes on where it was', async (t) => {
  const bytes = randomBytes(300_000);
  const server = await serverFor(t, {
    harm: ({ method, index }): Harm => (
      method === 'GET' && index < 10 ? { kind: 'break-download', afterBytes: 20_000 }
        : { kind: 'none' }),
  });
  server.objects.set('big', bytes);
  const got: Buffer[] = [];
  let offset = 0;
  await clientOf(server, { retries: 12 }).read('big', {
    total: bytes.length, offset: () => offset,
    take: (chunk) => {
      got.push(Buffer.from(chunk));
      offset += chunk.length;
    },
  });
  t.true(Buffer.concat(got).equals(bytes));
  t.true(server.requests.length > 5);
  await t.throwsAsync(clientOf(server).read('none', {
    total: 5, offset: () => 0, take: () => {},
  }), { code: 'BACKUP_BAD', message: /missing/ });
});
