import { basename } from 'node:path';
import { addMade, readMade } from '../../core/codec/index.ts';
import { type Making, markFilm, type Provenance, parseProvenance, provenanceText } from '../../core/provenance.ts';
import { type OutputContainer, STANDARD_STREAM } from '../source/containers.ts';
import { readReport } from '../source/read-report.ts';
import { safeInput } from '../source/safe-input.ts';
import type { VideoInfo } from '../source/video-info.ts';

/** How a film is made; null where that is not known. Of a source that lies in one file, with that file's mark. */
export async function filmProvenance(
  making: Making | null,
  { path, frames }: Pick<VideoInfo, 'path' | 'frames'>,
): Promise<Provenance | null> {
  if (making === null) return null;
  const isFile = frames === undefined && path !== STANDARD_STREAM;
  return { ...making, source: isFile ? await markFilm(path) : { name: basename(path) } };
}

/** Matroska's own tag. A source's is never handed on: it is about another film. */
const TAG = 'UPREEL';

/**
 * The muxer's options that write it: in Matroska a tag of our own, in MP4 the encoding tool, in MOV, whose muxer has no
 * place for that, an XMP packet as in pictures. @param provenance null: nothing is written.
 */
export function provenanceOptions(provenance: Provenance | null, { name }: OutputContainer): string[] {
  if (provenance === null) return ['-metadata', `${TAG}=`];
  const line = provenanceText(provenance);
  switch (name) {
    case 'mp4':
      return ['-metadata', `${TAG}=`, '-metadata', `encoding_tool=${line}`];
    case 'mov':
      return ['-metadata', `${TAG}=`, '-metadata', `xmp=${Buffer.from(addMade(null, line)!).toString()}`];
    default:
      return ['-metadata', `${TAG}=${line}`];
  }
}

/** What a film's file says of how it was made. null: nothing. @throws as `readReport` does. */
export async function readFilmProvenance(path: string, signal: AbortSignal): Promise<Provenance | null> {
  const { options, source } = safeInput(path);
  const { format } = await readReport(path, { options: [...options, '-export_xmp', '1'], source }, signal);
  const { [TAG]: own, encoder, xmp } = format.tags;
  const lines = [own, encoder, xmp === undefined ? null : readMade(Buffer.from(xmp))];
  return lines.map((line) => parseProvenance(line ?? '')).find((found) => found !== null) ?? null;
}
