import { open } from 'node:fs/promises';
import { type ByteSource, fileSource } from '../bytes/byte-source.ts';
import { type Piece, writePieces } from '../bytes/rewrite.ts';
import { createRowFile } from '../format/row-file.ts';
import { jpegPieces } from '../formats/jpeg/jpeg-segments.ts';
import { encodeJxl, jxlPieces } from '../formats/jxl/write-jxl.ts';
import { pngPieces } from '../formats/png/png-chunks.ts';
import { webpPieces } from '../formats/webp/webp-chunks.ts';
import { avifPieces } from '../heif/avif-items.ts';
import { NO_METADATA } from '../metadata/metadata.ts';
import { joinTiffPages, readTiffRows } from '../tiff/tiff-pages.ts';
import { convertToAvif, type Encoding } from './encode.ts';

export interface CompletionContext {
  /** The name of a new temporary file. */
  readonly newFile: (extension: string) => Promise<string>;
  /** Of the result's name. */
  readonly extension: string;
  readonly signal: AbortSignal;
}

/** Makes the complete file of what libvips has encoded (`carried`): its name. */
export async function completeFile(
  pixelFiles: readonly string[],
  encoding: Encoding,
  { newFile, extension, signal }: CompletionContext,
): Promise<string> {
  const { format, metadata } = encoding;
  const [first = ''] = pixelFiles;
  const onlyProfile = { ...NO_METADATA, icc: metadata.icc };
  const rewritten = async (file: string, pieces: (source: ByteSource) => Promise<Piece[]>, ending: string = format) => {
    const to = await newFile(ending);
    await rewrite(file, pieces, to);
    return to;
  };
  switch (format) {
    case 'tiff':
      await joinTiffPages(pixelFiles, metadata);
      return first;
    case 'png':
      return await rewritten(first, (source) => pngPieces(source, metadata));
    case 'jpeg':
      return await rewritten(first, (source) => jpegPieces(source, metadata));
    case 'webp': {
      const picture = { ...encoding.size, alpha: encoding.alpha };
      return await rewritten(first, (source) => webpPieces(source, metadata, picture));
    }
    case 'avif': {
      await joinTiffPages([first], onlyProfile);
      const avif = await newFile('avif');
      await convertToAvif(first, { ...encoding, format }, avif);
      return await rewritten(avif, (source) => avifPieces(source, metadata));
    }
    case 'jxl': {
      const png = await rewritten(first, (source) => pngPieces(source, onlyProfile), 'png');
      const jxl = await newFile('jxl');
      await encodeJxl(png, encoding, jxl, signal);
      return await rewritten(jxl, (source) => jxlPieces(source, metadata));
    }
    case 'gif':
      throw new Error('GIF has a writer of its own.');
    case 'bmp':
    case 'pnm':
    case 'exr': {
      const picture = { ...encoding, ...encoding.size };
      const file = await createRowFile(await newFile(extension), format, picture);
      try {
        for await (const rows of readTiffRows(first)) await file.write(rows);
        return await file.finish();
      } finally {
        await file.discard();
      }
    }
  }
}

async function rewrite(file: string, pieces: (source: ByteSource) => Promise<Piece[]>, to: string): Promise<void> {
  const handle = await open(file, 'r');
  try {
    const source = await fileSource(handle);
    await writePieces(source, await pieces(source), to);
  } finally {
    await handle.close();
  }
}
