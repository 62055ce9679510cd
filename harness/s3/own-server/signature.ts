// AWS Signature Version 4 as a server checks it, written from its published description and from
// nothing that the client uses. The example of that description is a test of it.

import { createHash, createHmac } from 'node:crypto';

/** A request as it came over the wire. */
export interface ReceivedRequest {
  readonly method: string;
  /** Path and query, undecoded. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** The parts of an Authorization header; null when it is none of this version. */
export interface Authorization {
  readonly accessKeyId: string;
  readonly day: string;
  readonly region: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

const headerPattern = new RegExp('^AWS4-HMAC-SHA256 Credential=([^/]+)/(\\d{8})/([^/]+)/s3/'
  + 'aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$');

/** Reads an Authorization header. */
export function parseAuthorization(header: string | undefined): Authorization | null {
  const match = headerPattern.exec(header ?? '');
  if (match === null) return null;
  const [, accessKeyId = '', day = '', region = '', names = '', signature = ''] = match;
  return { accessKeyId, day, region, signedHeaders: names.split(';'), signature };
}

/** The signature that the owner of the secret would have written. */
export function expectedSignature(
  request: ReceivedRequest, { day, region, signedHeaders }: Authorization, secret: string,
): string {
  const [path = '', query = ''] = request.target.split('?');
  const canonicalQuery = query.split('&').filter((each) => each !== '').map((each) => {
    const [name = '', value = ''] = each.split('=');
    return [recode(name), recode(value)] as const;
  }).sort(([one, first], [other, second]) => (
    one < other ? -1 : one > other ? 1 : first < second ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`).join('&');
  const canonical = [
    request.method,
    path.split('/').map(recode).join('/'),
    canonicalQuery,
    ...signedHeaders.map((name) => (
      `${name}:${(request.headers[name] ?? '').trim().replaceAll(/ +/g, ' ')}`)),
    '',
    signedHeaders.join(';'),
    request.headers['x-amz-content-sha256'] ?? '',
  ].join('\n');
  const scope = `${day}/${region}/s3/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', request.headers['x-amz-date'] ?? '', scope,
    createHash('sha256').update(canonical).digest('hex')].join('\n');
  const key = [day, region, 's3', 'aws4_request']
    .reduce<Buffer | string>((left, word) => hmac(left, word), `AWS4${secret}`);
  return hmac(key, text).toString('hex');
}

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

/** Decoded and encoded again: whoever escapes more or less than the rule signs something else. */
function recode(text: string): string {
  const bytes = Buffer.from(decodeURIComponent(text.replaceAll('+', ' ')));
  return [...bytes].map((byte) => {
    const character = String.fromCharCode(byte);
    return /[A-Za-z0-9\-._~]/.test(character) ? character
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');
}
