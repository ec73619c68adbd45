import type { IncomingHttpHeaders } from 'node:http';
import { systemErrorCode, UpreelError } from '../../core/errors.ts';
import type { S3Place } from './s3-place.ts';
import { textOf } from './xml.ts';

/** What a server answered instead of what was asked for. */
export interface S3Refusal {
  readonly status: number;
  /** `NoSuchBucket`, ...; empty where it does not tell. */
  readonly code: string;
  readonly headers: IncomingHttpHeaders;
  /** Of the bucket, where the server tells. */
  readonly region: string;
}

/** @param body as XML; a HEAD has none */
export function readRefusal(status: number, headers: IncomingHttpHeaders, body: string): S3Refusal {
  const told = textOf(body, 'Code') ?? '';
  const region = headers['x-amz-bucket-region'] ?? textOf(body, 'Region') ?? '';
  return {
    status,
    code: /^[A-Za-z.]{1,64}$/.test(told) ? told : '',
    headers,
    region: /^[a-z0-9-]{1,64}$/.test(String(region)) ? String(region) : '',
  };
}

/** Whether the same may be answered otherwise a moment later. */
export function isPassing({ status, code }: S3Refusal): boolean {
  const isBusy = status === 408 || status === 409 || status === 429 || (status >= 500 && !NEVER.has(status));
  return isBusy || PASSING.has(code);
}

/** Not implemented; no room. */
const NEVER = new Set([501, 507]);
const PASSING = new Set([
  ...['SlowDown', 'RequestTimeout', 'InternalError', 'OperationAborted'],
  // What came was not what was sent.
  ...['BadDigest', 'XAmzContentSHA256Mismatch'],
]);

/** In people's words. Nothing of what the server wrote is repeated but its code: it quotes what was signed. */
export function refusalError(refusal: S3Refusal, place: S3Place): UpreelError {
  const { status, code, region } = refusal;
  const { bucket, address, base } = place;
  const told = `${status}${code === '' ? '' : ` ${code}`}`;
  const away = (message: string, hint: string) =>
    new UpreelError('store-unreachable', message, { hint, cause: `${base.host} answered ${told}` });
  if (FULL.has(code) || status === 507) {
    return new UpreelError('disk-full', `The store ${address} has no room left (${told}).`, {
      hint: 'Free some space there; what is missing is made then.',
    });
  }
  if (code === 'NoSuchBucket' || (status === 404 && code === '')) {
    return away(`There is no bucket ${bucket} at ${base.host}.`, 'Make it, or correct --store or AWS_ENDPOINT_URL.');
  }
  if (status === 301 || status === 307 || WRONG_REGION.has(code)) {
    const where = region === '' ? 'in another region' : `in ${region}`;
    return away(
      `The bucket ${bucket} is ${where}, and ${place.region} was asked.`,
      `Set AWS_REGION${region === '' ? '' : `=${region}`}.`,
    );
  }
  if (code === 'RequestTimeTooSkewed') {
    return away(
      `The clock of this machine is too far from that of ${base.host}.`,
      'Set it: signatures are good for 15 minutes.',
    );
  }
  if (EXPIRED.has(code)) {
    return away(`The credentials for the store ${address} have expired (${code}).`, 'Fetch new ones, and start again.');
  }
  if (WRONG_KEY.has(code)) {
    return away(
      `The store ${address} does not know these credentials (${code}).`,
      'Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, for temporary ones, AWS_SESSION_TOKEN.',
    );
  }
  if (status === 401 || status === 403) {
    return away(
      `The store ${address} does not let upreel in (${told}).`,
      'It needs s3:ListBucket on the bucket, s3:GetObject, s3:PutObject, s3:DeleteObject and s3:AbortMultipartUpload below the prefix.',
    );
  }
  return away(`The store ${address} does not do what it is asked (${told}).`, 'Try again; its own log may say why.');
}

const FULL = new Set(['QuotaExceeded', 'XMinioStorageFull', 'XMinioAdminBucketQuotaExceeded', 'InsufficientStorage']);
const WRONG_REGION = new Set([
  ...['PermanentRedirect', 'TemporaryRedirect', 'AuthorizationHeaderMalformed', 'IllegalLocationConstraintException'],
]);
const EXPIRED = new Set(['ExpiredToken', 'TokenRefreshRequired', 'ExpiredTokenException']);
const WRONG_KEY = new Set(['InvalidAccessKeyId', 'SignatureDoesNotMatch', 'InvalidToken', 'InvalidClientTokenId']);

/** A server that cannot be reached, or breaks off. */
export function brokenError(cause: unknown, { address, base }: S3Place): UpreelError {
  const code = systemErrorCode(cause) ?? '';
  const isTls = /CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO/.test(code);
  return new UpreelError('store-unreachable', `The store ${address} cannot be reached at ${base.host}${shown(code)}.`, {
    hint: isTls
      ? 'Its certificate is not trusted here: NODE_EXTRA_CA_CERTS=FILE names your own authority.'
      : 'Does the server run, and can this machine reach it? AWS_ENDPOINT_URL names one that is not Amazon’s.',
    cause,
  });
}

function shown(code: string): string {
  return code === '' ? '' : ` (${code})`;
}
