import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { UpreelError } from '../../core/errors.ts';
import type { S3Client } from './s3-client.ts';
import { escapeXml, textOf } from './xml.ts';

interface Upload {
  readonly way: string;
  readonly file: string;
  readonly bytes: number;
  /** What the file must be. */
  readonly sha256: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Fails where there is something already. */
  readonly isNew: boolean;
}

/** A part is in memory while it is sent; 10,000 are the most (AWS, "Multipart upload limits"). */
const PART_BYTES = 16 * 1024 * 1024;
const MOST_PARTS = 9000;

/**
 * Puts a file: at once if it is small, else in parts, which nobody sees before the last word. Each is signed with its
 * hash, so that what came otherwise is refused, and sent again.
 * @returns false: there was one already, where `isNew` is asked for.
 * @throws UpreelError `input-damaged` if the file is not what it must be; as `S3Client.ask` does.
 */
export async function uploadFile(client: S3Client, upload: Upload): Promise<boolean> {
  const { file, bytes } = upload;
  const partBytes = Math.max(PART_BYTES, Math.ceil(bytes / MOST_PARTS));
  const handle = await open(file, 'r');
  try {
    return bytes <= partBytes
      ? await putWhole(client, upload, handle)
      : await putParts(client, upload, handle, partBytes);
  } finally {
    await handle.close();
  }
}

async function putWhole(client: S3Client, upload: Upload, handle: FileHandle): Promise<boolean> {
  const { way, bytes, headers, isNew } = upload;
  const body = await readPart(handle, 0, bytes);
  requireSame(createHash('sha256').update(body).digest('hex'), upload);
  const put = (more: Record<string, string>, expected: readonly number[]) =>
    client.ask({ method: 'PUT', way, body, headers: { ...headers, ...more }, expected });
  if (!isNew) return (await put({}, [])).status < 300;
  const { status } = await put(ONLY_NEW, [412, 501]);
  // A server that has no such condition says so, or takes no notice.
  return status === 501 ? (await put({}, [])).status < 300 : status !== 412;
}

async function putParts(client: S3Client, upload: Upload, handle: FileHandle, partBytes: number): Promise<boolean> {
  const { way, bytes, headers, isNew } = upload;
  const begun = await client.ask({ method: 'POST', way, query: { uploads: '' }, headers });
  const uploadId = textOf(begun.text, 'UploadId') ?? '';
  try {
    const hash = createHash('sha256');
    const tags: string[] = [];
    for (let from = 0; from < bytes; from += partBytes) {
      const body = await readPart(handle, from, Math.min(partBytes, bytes - from));
      hash.update(body);
      const query = { partNumber: `${tags.length + 1}`, uploadId };
      const sent = await client.ask({ method: 'PUT', way, query, body });
      tags.push(String(sent.headers.etag ?? ''));
    }
    requireSame(hash.digest('hex'), upload);
    return await complete(client, way, { uploadId, tags, isNew });
  } catch (error) {
    // Who is told to stop has this much time left.
    const signal = AbortSignal.timeout(ABORT_MILLISECONDS);
    await client.ask({ method: 'DELETE', way, query: { uploadId }, expected: [404], signal }).catch(() => {});
    throw error;
  }
}

const ABORT_MILLISECONDS = 3000;

async function complete(
  client: S3Client,
  way: string,
  { uploadId, tags, isNew }: { readonly uploadId: string; readonly tags: readonly string[]; readonly isNew: boolean },
): Promise<boolean> {
  const parts = tags.map(
    (tag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${escapeXml(tag)}</ETag></Part>`,
  );
  const body = Buffer.from(`<CompleteMultipartUpload xmlns="${NAMESPACE}">${parts.join('')}</CompleteMultipartUpload>`);
  const ask = (headers: Record<string, string>) =>
    client.ask({ method: 'POST', way, query: { uploadId }, headers, body, expected: [404, 412, 501] });
  let answer = await ask(isNew ? ONLY_NEW : {});
  if (answer.status === 501 && isNew) answer = await ask({});
  // 200 is said before the parts are put together, which may fail yet; 404: it was done, and the answer lost.
  const isDone = answer.status === 404 || (answer.status < 300 && textOf(answer.text, 'ETag') !== null);
  if (isDone) return true;
  if (answer.status === 412) {
    await client.ask({ method: 'DELETE', way, query: { uploadId }, expected: [404] }).catch(() => {});
    return false;
  }
  throw new UpreelError('store-unreachable', `The store ${client.place.address} could not put ${way} together.`, {
    hint: 'It is tried again; its own log may say why.',
  });
}

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';
const ONLY_NEW: Record<string, string> = { 'if-none-match': '*' };

async function readPart(handle: FileHandle, from: number, bytes: number): Promise<Buffer> {
  const part = Buffer.allocUnsafe(bytes);
  let at = 0;
  while (at < bytes) {
    const { bytesRead } = await handle.read(part, at, bytes - at, from + at);
    if (bytesRead === 0) throw new UpreelError('input-damaged', 'A file became shorter while it was sent.');
    at += bytesRead;
  }
  return part;
}

function requireSame(found: string, { sha256, file }: Upload): void {
  if (found === sha256) return;
  throw new UpreelError('input-damaged', `${file} changed while it was sent.`, { hint: 'Submit it again.' });
}
