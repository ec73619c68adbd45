import { UpreelError } from '../../core/errors.ts';
import { isWayDown } from '../way.ts';

/** Where a store of objects is, and who asks. */
export interface S3Place {
  /** `s3://bucket/prefix`: nothing secret. */
  readonly address: string;
  readonly bucket: string;
  /** In front of all keys; empty or with a slash at its end. */
  readonly prefix: string;
  /** Of the bucket: objects are below it. */
  readonly base: URL;
  readonly region: string;
  readonly credentials: S3Credentials;
}

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
}

/** As AWS' own tools call them, and most others'. */
export type S3Environment = Readonly<Record<string, string | undefined>>;

/**
 * @param address `s3://bucket` or `s3://bucket/prefix`
 * @throws UpreelError `usage` for an address or an environment that says nothing useful. No error holds a secret.
 */
export function readS3Place(address: string, env: S3Environment): S3Place {
  const [, bucket = '', rest = ''] = /^s3:\/\/([^/]*)\/?(.*)$/.exec(address) ?? [];
  const folder = rest.replace(/\/+$/, '');
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket) || bucket.includes('..')) throw badAddress();
  if (folder !== '' && !isKeyDown(folder)) throw badAddress();
  const accessKeyId = env.AWS_ACCESS_KEY_ID ?? '';
  const secretAccessKey = env.AWS_SECRET_ACCESS_KEY ?? '';
  if (accessKeyId === '' || secretAccessKey === '') {
    throw new UpreelError('usage', `No credentials for the store s3://${bucket}.`, {
      hint: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; for a profile or a role: eval "$(aws configure export-credentials --format env)".',
    });
  }
  const region = env.AWS_REGION || env.AWS_DEFAULT_REGION || 'us-east-1';
  if (!/^[a-z0-9-]{1,64}$/.test(region)) throw badSetting('AWS_REGION', 'a region, such as eu-central-1');
  const endpoint = env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL || null;
  return {
    address: folder === '' ? `s3://${bucket}` : `s3://${bucket}/${folder}`,
    bucket,
    prefix: folder === '' ? '' : `${folder}/`,
    base: endpoint === null ? amazonBase(bucket, region) : baseAt(endpoint, bucket),
    region,
    credentials: { accessKeyId, secretAccessKey, sessionToken: env.AWS_SESSION_TOKEN || undefined },
  };
}

/** Whether a way can be a key: what other tools could not name, or would take for another one, is none. */
export function isKeyDown(way: string): boolean {
  const hasControls = [...way].some((letter) => letter < ' ' || letter === '\x7f');
  return isWayDown(way) && !hasControls && !way.endsWith('/') && Buffer.byteLength(way) <= MOST_KEY_BYTES;
}

/** 1024 in all (AWS, "Creating object key names"), the prefix and what upreel adds included. */
const MOST_KEY_BYTES = 700;

/** The certificate of AWS covers one label before it. */
function amazonBase(bucket: string, region: string): URL {
  const host = `s3.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
  return bucket.includes('.') ? new URL(`https://${host}/${bucket}`) : new URL(`https://${bucket}.${host}/`);
}

/** With the bucket in the path, which servers of one's own take without a name in DNS for each. */
function baseAt(endpoint: string, bucket: string): URL {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : null;
  const isPlain = url !== null && ['http:', 'https:'].includes(url.protocol) && url.search === '' && url.hash === '';
  if (!isPlain || url.username !== '' || url.password !== '') {
    throw badSetting('AWS_ENDPOINT_URL', 'an address without a password, such as https://minio.lan:9000');
  }
  return new URL(`${url.origin}${url.pathname.replace(/\/+$/, '')}/${bucket}`);
}

function badSetting(name: string, expected: string): UpreelError {
  return new UpreelError('usage', `${name} cannot be used: expected ${expected}.`);
}

function badAddress(): UpreelError {
  return new UpreelError('usage', '--store is no address of a bucket.', {
    hint: 'For example: --store s3://bucket/prefix; AWS_ENDPOINT_URL names a server that is not Amazon’s.',
  });
}
