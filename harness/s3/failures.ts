// What went wrong between us and an S3 server: which failures are worth another try, and what each
// means to the user.

import { HarnessError, reasonOf } from '../errors.ts';
import type { S3Settings } from './settings.ts';

/** An answer of the server that is not a success. */
export class S3Answer extends Error {
  readonly status: number;
  /** As the server puts it: `NoSuchBucket`. */
  readonly code: string;
  /** What the server's clock shows; null when it does not say. */
  readonly serverDate: Date | null;
  /** Where the bucket is, of a server that says so. */
  readonly bucketRegion: string | null;

  constructor(given: {
    readonly status: number; readonly code: string; readonly message: string;
    readonly serverDate: Date | null; readonly bucketRegion: string | null;
  }) {
    super(given.message);
    this.name = 'S3Answer';
    this.status = given.status;
    this.code = given.code;
    this.serverDate = given.serverDate;
    this.bucketRegion = given.bucketRegion;
  }
}

const transientCodes: ReadonlySet<string> = new Set([
  'RequestTimeout', 'SlowDown', 'InternalError', 'ServiceUnavailable', 'BadDigest',
  'XAmzContentSHA256Mismatch', 'IncompleteBody', 'OperationAborted', 'RequestThrottled',
]);
const transientStatus: ReadonlySet<number> = new Set([429, 500, 502, 503, 504]);
/** Names, certificates and addresses do not mend themselves within a minute. */
const lasting: ReadonlySet<string> = new Set([
  'ENOTFOUND', 'EACCES', 'ERR_TLS_CERT_ALTNAME_INVALID', 'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN', 'CERT_HAS_EXPIRED', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'EPROTO',
]);

/** Whether the same request may well go through in a moment. */
export function isWorthRetrying(error: unknown): boolean {
  if (error instanceof S3Answer) {
    return transientStatus.has(error.status) || transientCodes.has(error.code);
  }
  if (error instanceof HarnessError) return false;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return !lasting.has(code);
}

/** What the failure of a request is to the user; never shows a secret. */
export function failureOf(error: unknown, settings: S3Settings, doing: string): HarnessError {
  if (error instanceof HarnessError) return error;
  const { endpoint, credentials, bucket } = settings;
  const where = `s3://${bucket} at ${endpoint.origin}`;
  const words = error instanceof S3Answer ? answerWords(error, settings)
    : reasonOf(error);
  return new HarnessError('STORE_FAILED', credentials.redact(`${doing}: ${where}: ${words}`));
}

function answerWords(answer: S3Answer, { bucket, region }: S3Settings): string {
  const { status, code, message, bucketRegion } = answer;
  switch (code) {
    case 'NoSuchBucket':
      return `no such bucket '${bucket}' (NoSuchBucket); make it, or check name and endpoint`;
    case 'InvalidAccessKeyId':
      return 'the access key is unknown there (InvalidAccessKeyId); check AWS_ACCESS_KEY_ID';
    case 'SignatureDoesNotMatch':
      return 'the secret does not belong to the access key (SignatureDoesNotMatch); check'
        + ' AWS_SECRET_ACCESS_KEY';
    case 'ExpiredToken':
    case 'InvalidToken':
      return `the session token is not valid any more (${code}); renew AWS_SESSION_TOKEN`;
    case 'AccessDenied':
      return `these credentials may not do that (AccessDenied: ${message})`;
    case 'RequestTimeTooSkewed':
      return `the clocks differ too much (RequestTimeTooSkewed${skewText(answer)}); set the clock`
        + ' of this machine';
    case 'PermanentRedirect':
    case 'AuthorizationHeaderMalformed':
    case 'IllegalLocationConstraintException':
      return `the bucket is in another region (${code}); asked as ${region}`
        + (bucketRegion === null ? ', set --region' : `, it is in ${bucketRegion}: --region`
          + ` ${bucketRegion}`);
    case 'SecondLevelDomainForbidden':
      return `${message} (${code}); use --s3-style virtual`;
    default:
      return `it answered ${status} ${code}: ${message}`;
  }
}

function skewText({ serverDate }: S3Answer): string {
  if (serverDate === null) return '';
  const seconds = Math.round((Date.now() - serverDate.getTime()) / 1000);
  const way = seconds < 0 ? 'behind' : 'ahead of';
  return `: this one is ${Math.abs(seconds)} s ${way} its ${serverDate.toISOString()}`;
}
