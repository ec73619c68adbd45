import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { DEFAULT_PICTURE_LIMITS, inspectPicture, madeIn, pictureKindOf } from '../../core/codec/index.ts';
import { parseProvenance } from '../../core/provenance.ts';
import { printableJson } from '../../core/quiet-json.ts';
import { probeVideo, readFilmProvenance } from '../../video/index.ts';
import type { FileInfo } from './file-info.ts';
import { infoLines } from './info-text.ts';

/** Adds `upreel info`. Its action throws UpreelError. */
export function addInfoCommand(program: Command): void {
  program
    .command('info')
    .description('what a picture or video is, and how upreel made it')
    .argument('<file...>')
    .option('--json', 'one JSON line per file')
    .action(async (files: string[], _, command: Command) => {
      const isJson = command.optsWithGlobals<{ json?: boolean }>().json === true;
      for (const file of files) {
        const info = await fileInfo(file, new AbortController().signal);
        console.log(isJson ? printableJson({ v: 1, type: 'info', ...info }) : infoLines(info));
      }
    });
}

/** @throws UpreelError `input-*`, `ffmpeg-missing`. */
async function fileInfo(file: string, signal: AbortSignal): Promise<FileInfo> {
  const path = resolve(file);
  return (await pictureKindOf(path)) === null ? filmInfo(path, signal) : pictureInfo(path);
}

async function pictureInfo(path: string): Promise<FileInfo> {
  const picture = await inspectPicture(path, DEFAULT_PICTURE_LIMITS);
  const { format, bytes, channels, bytesPerSample, alpha, pages } = picture;
  return {
    kind: 'image',
    path,
    bytes,
    format,
    ...pages[0]!,
    pages: pages.length,
    channels,
    bitsPerSample: bytesPerSample === 1 ? 8 : 16,
    alpha,
    provenance: parseProvenance((await madeIn(picture)) ?? ''),
  };
}

async function filmInfo(path: string, signal: AbortSignal): Promise<FileInfo> {
  const { video, streams, formatName, durationSeconds } = await probeVideo(path, signal);
  const { frameRate, codec, pixelFormat, size } = video;
  return {
    kind: 'video',
    path,
    bytes: (await stat(path)).size,
    format: formatName,
    ...size,
    durationSeconds,
    framesPerSecond: frameRate.num / frameRate.den,
    codec,
    pixelFormat,
    streams: streams.map(({ kind, codec: own, language }) => ({ kind, codec: own, language })),
    provenance: await readFilmProvenance(path, signal),
  };
}
