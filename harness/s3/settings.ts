// Where an S3 store is and who asks: `s3://bucket/prefix`, flags and the usual environment
// variables → settings. Secrets live in a class that no text, record or error can show.

import { isIP } from 'node:net';
import { HarnessError } from '../errors.ts';

/** How the bucket is named: in the path, or in the host as its first label. */
export const addressingStyles = ['path', 'virtual'] as const;

/** One of the two styles. */
export type AddressingStyle = (typeof addressingStyles)[number];

/** A key pair; whatever prints it prints `[secret]`. */
export class Credentials {
  readonly #accessKeyId: string;
  readonly #secretAccessKey: string;
  readonly #sessionToken: string | undefined;

  constructor(given: { accessKeyId: string; secretAccessKey: string; sessionToken?: string }) {
    this.#accessKeyId = given.accessKeyId;
    this.#secretAccessKey = given.secretAccessKey;
    this.#sessionToken = given.sessionToken;
  }

  /** For the signer alone. */
  reveal(): { accessKeyId: string; secretAccessKey: string; sessionToken?: string } {
    const pair = { accessKeyId: this.#accessKeyId, secretAccessKey: this.#secretAccessKey };
    return this.#sessionToken === undefined ? pair : { ...pair, sessionToken: this.#sessionToken };
  }

  /** The text with every secret in it replaced. */
  redact(text: string): string {
    return [this.#secretAccessKey, this.#sessionToken, this.#accessKeyId]
      .reduce<string>((left, secret) => (
        secret === undefined || secret === '' ? left : left.replaceAll(secret, '[secret]')), text);
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }
}

/** A bucket, a prefix in it, and how to get there. */
export interface S3Settings {
  readonly bucket: string;
  /** Without a slash at its ends; '' for the whole bucket. */
  readonly prefix: string;
  /** Scheme, host and port, for example `https://s3.eu-central-1.amazonaws.com`. */
  readonly endpoint: URL;
  readonly region: string;
  readonly style: AddressingStyle;
  readonly credentials: Credentials;
}

/** What flags say; each goes before its environment variable. */
export interface S3Flags {
  readonly endpoint?: string;
  readonly region?: string;
  readonly style?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Whether a word names an S3 store. */
export function isS3Url(word: string): boolean {
  return word.startsWith('s3://');
}

/**
 * Reads the settings.
 * @throws {HarnessError} USAGE naming what is missing or wrong.
 */
export function s3Settings(url: string, flags: S3Flags, env: Environment): S3Settings {
  const { bucket, prefix } = parseUrl(url);
  const region = flags.region ?? given(env, 'AWS_REGION', 'AWS_DEFAULT_REGION') ?? 'us-east-1';
  const endpoint = parseEndpoint(flags.endpoint
    ?? given(env, 'AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL')
    ?? `https://s3.${region}.amazonaws.com`);
  return {
    bucket, prefix, endpoint, region, style: styleOf(flags.style, endpoint),
    credentials: credentialsOf(env),
  };
}

/** The URL of a key, or of the bucket for ''. */
export function urlOf({ bucket, endpoint, style }: S3Settings, key: string): URL {
  const url = new URL(endpoint);
  const path = key.split('/').map(encodeSegment).join('/');
  if (style === 'virtual') url.host = `${bucket}.${endpoint.host}`;
  url.pathname = style === 'virtual' ? `/${path}` : `/${bucket}${key === '' ? '' : `/${path}`}`;
  return url;
}

/** What S3 signs: everything but letters, digits, `-._~` is escaped. */
function encodeSegment(segment: string): string {
  return encodeURIComponent(segment)
    .replace(/[!'()*]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`);
}

function given(env: Environment, ...names: readonly string[]): string | undefined {
  return names.map((name) => env[name]).find((value) => value !== undefined && value !== '');
}

function parseUrl(url: string): { bucket: string; prefix: string } {
  const match = /^s3:\/\/([a-z0-9][a-z0-9._-]{1,62})(?:\/(.*))?$/.exec(url);
  if (match === null) {
    throw new HarnessError('USAGE', 'expected s3://bucket/prefix with a bucket of 3 to 63 small'
      + ` letters, digits, dots and hyphens, found '${url}'`);
  }
  return { bucket: match[1] ?? '', prefix: (match[2] ?? '').replaceAll(/^\/+|\/+$/g, '') };
}

function parseEndpoint(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '') {
    throw new HarnessError('USAGE', 'the S3 endpoint (--endpoint, AWS_ENDPOINT_URL_S3 or'
      + " AWS_ENDPOINT_URL): expected a URL such as https://s3.example.com, without a user, found"
      + ` '${text.replace(/\/\/[^@/]*@/, '//…@')}'`);
  }
  return url;
}

/** These two want the bucket in the host; what people run themselves is mostly without the DNS. */
function styleOf(word: string | undefined, { hostname }: URL): AddressingStyle {
  if (word === 'virtual' && isIP(hostname.replaceAll(/[[\]]/g, '')) > 0) {
    throw new HarnessError('USAGE', '--s3-style virtual: puts the bucket before the host, expected'
      + ` an endpoint with a name, found ${hostname}; use path`);
  }
  if (word === undefined) {
    return /\.(amazonaws\.com(\.cn)?|aliyuncs\.com)$/.test(hostname) ? 'virtual' : 'path';
  }
  const style = addressingStyles.find((each) => each === word);
  if (style === undefined) {
    throw new HarnessError('USAGE', `--s3-style: expected path or virtual, found '${word}'`);
  }
  return style;
}

function credentialsOf(env: Environment): Credentials {
  const accessKeyId = given(env, 'AWS_ACCESS_KEY_ID');
  const secretAccessKey = given(env, 'AWS_SECRET_ACCESS_KEY');
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    const missing = accessKeyId === undefined ? 'AWS_ACCESS_KEY_ID' : 'AWS_SECRET_ACCESS_KEY';
    throw new HarnessError('USAGE', `an s3:// store needs credentials: ${missing} is not set in the`
      + ' environment (also AWS_SECRET_ACCESS_KEY, and AWS_SESSION_TOKEN for temporary ones)');
  }
  const sessionToken = given(env, 'AWS_SESSION_TOKEN');
  return new Credentials({
    accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }),
  });
}
