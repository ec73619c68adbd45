import type { Size } from '../../pixels/geometry.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import { type Box, boxesOf, readBox } from '../bytes/iso-boxes.ts';
import { readHeifFile } from '../heif/heif-boxes.ts';
import { readDescriptions } from '../heif/heif-metadata.ts';
import { damagedPicture } from '../libvips.ts';
import { iccColourSpace, type PictureMetadata } from '../metadata/metadata.ts';

/** What an animated AVIF says of itself. */
export interface Avis {
  readonly colour: AvisTrack;
  /** null: opaque. */
  readonly alpha: AvisTrack | null;
  readonly multiplied: boolean;
  /** How often it runs, 0 for ever, which is also what browsers take where nothing is said. */
  readonly plays: number;
  readonly exif: Uint8Array | null;
  readonly xmp: Uint8Array | null;
  /** In sentences for people. */
  readonly warnings: readonly string[];
}

export interface AvisTrack {
  /** Among the file's tracks of pictures, from 0: as ffmpeg counts them. */
  readonly stream: number;
  readonly size: Size;
  readonly delaysMs: readonly number[];
  readonly orientation: number;
  readonly icc: Uint8Array | null;
  readonly pngColour: PictureMetadata['pngColour'];
}

interface Track extends AvisTrack {
  readonly id: number;
  readonly handler: string;
  readonly plays: number;
  /** Numbers of the tracks that it is the alpha of. */
  readonly alphaOf: readonly number[];
  readonly multipliedWith: readonly number[];
}

/**
 * @see AV1 Image File Format (AVIF) v1.1, section 3; ISO/IEC 23008-12, section 7
 * @throws UpreelError `input-damaged`
 */
export async function readAvis(source: ByteSource, path: string): Promise<Avis> {
  const tracks: Track[] = [];
  for await (const box of boxesOf(source, 0, source.size)) {
    if (box.end > source.size) throw damagedPicture(path);
    if (box.type !== 'moov') continue;
    for await (const trak of boxesOf(source, box.start, box.end)) {
      if (trak.type !== 'trak') continue;
      const track = await readTrack(source, trak, tracks.length, path);
      if (PICTURES.has(track.handler)) tracks.push(track);
    }
  }
  const colour = tracks.find(({ alphaOf }) => alphaOf.length === 0);
  if (colour === undefined || colour.delaysMs.length === 0) throw damagedPicture(path);
  const alpha = tracks.find(({ alphaOf }) => alphaOf.includes(colour.id)) ?? null;
  if (alpha !== null && alpha.delaysMs.length !== colour.delaysMs.length) throw damagedPicture(path);
  const multiplied = alpha !== null && colour.multipliedWith.includes(alpha.id);
  const { meta } = await readHeifFile(source);
  const described = meta === null ? NOTHING : await readDescriptions(source, meta, path);
  return { colour, alpha, multiplied, plays: colour.plays, ...described };
}

const NOTHING = { exif: null, xmp: null, warnings: [] };

const PICTURES: ReadonlySet<string> = new Set(['pict', 'vide', 'auxv']);

async function readTrack(source: ByteSource, trak: Box, stream: number, path: string): Promise<Track> {
  const boxes = await collect(source, trak, [
    'tkhd',
    'tref',
    'edts',
    'elst',
    'mdia',
    'mdhd',
    'hdlr',
    'minf',
    'stbl',
    'stts',
    'stsd',
  ]);
  const content = async (type: string) => {
    const box = boxes.get(type);
    return box === undefined ? null : await readBox(source, box, MAX_BOX_BYTES);
  };
  const [tkhd, mdhd, hdlr, stts, elst] = [
    await content('tkhd'),
    await content('mdhd'),
    await content('hdlr'),
    await content('stts'),
    await content('elst'),
  ];
  if (tkhd === null || mdhd === null || hdlr === null || stts === null || tkhd.length < 84 || mdhd.length < 24)
    throw damagedPicture(path);
  const long = tkhd[0] === 1;
  const references = boxes.get('tref');
  const entry = await readEntry(source, boxes.get('stsd'), path);
  return {
    stream,
    id: tkhd.readUInt32BE(long ? 20 : 12),
    handler: hdlr.toString('latin1', 8, 12),
    size: entry.size,
    orientation: orientationOf(tkhd.subarray(long ? 52 : 40)),
    delaysMs: delaysOf(stts, mdhd.readUInt32BE(mdhd[0] === 1 ? 20 : 12), path),
    plays: playsOf(elst, tkhd),
    alphaOf: await referred(source, references, 'auxl'),
    multipliedWith: await referred(source, references, 'prem'),
    icc: entry.icc,
    pngColour: entry.pngColour,
  };
}

const MAX_BOX_BYTES = 16 * 1024 * 1024;

/** The first box of each type, at any of the levels that lead there. */
async function collect(source: ByteSource, parent: Box, types: readonly string[]): Promise<Map<string, Box>> {
  const found = new Map<string, Box>();
  const visit = async (box: Box): Promise<void> => {
    for await (const inner of boxesOf(source, box.start, Math.min(box.end, source.size))) {
      if (!types.includes(inner.type) || found.has(inner.type)) continue;
      found.set(inner.type, inner);
      if (['edts', 'mdia', 'minf', 'stbl'].includes(inner.type)) await visit(inner);
    }
  };
  await visit(parent);
  return found;
}

async function referred(source: ByteSource, parent: Box | undefined, type: string): Promise<number[]> {
  if (parent === undefined) return [];
  for await (const box of boxesOf(source, parent.start, parent.end)) {
    if (box.type !== type) continue;
    const content = (await readBox(source, box, 4096)) ?? Buffer.alloc(0);
    return Array.from({ length: Math.floor(content.length / 4) }, (_, index) => content.readUInt32BE(4 * index));
  }
  return [];
}

/** Runs of frames of one length. */
function delaysOf(stts: Buffer, timescale: number, path: string): number[] {
  const delays: number[] = [];
  for (let at = 8; at + 8 <= stts.length; at += 8) {
    const [count, ticks] = [stts.readUInt32BE(at), stts.readUInt32BE(at + 4)];
    // One more than is taken: whoever asks sees that they are too many.
    for (let left = Math.min(count, MAX_LISTED - delays.length); left > 0; left--) {
      delays.push(Math.round((1000 * ticks) / timescale));
    }
  }
  if (timescale === 0) throw damagedPicture(path);
  return delays;
}

const MAX_LISTED = 10_001;

/** A list of edits that says of itself that it repeats, for as long as the track lasts. */
function playsOf(elst: Buffer | null, tkhd: Buffer): number {
  if (elst === null || elst.length < 16 || (elst.readUIntBE(1, 3) & 1) === 0) return elst === null ? 0 : 1;
  const long = tkhd[0] === 1;
  const whole = long ? tkhd.readBigUInt64BE(28) : BigInt(tkhd.readUInt32BE(20));
  const once = elst[0] === 1 ? elst.readBigUInt64BE(8) : BigInt(elst.readUInt32BE(8));
  const isEndless = whole === (long ? 0xffffffffffffffffn : 0xffffffffn);
  return isEndless || once === 0n ? 0 : Number((whole + once - 1n) / once);
}

/** The track's matrix, where it turns by quarters. */
function orientationOf(matrix: Buffer): number {
  const [a, b, c, d] = [0, 4, 12, 16].map((at) => Math.sign(matrix.readInt32BE(at)));
  return TURNS[[a, b, c, d].join()] ?? 1;
}

const TURNS: Readonly<Record<string, number>> = { '1,0,0,1': 1, '0,1,-1,0': 6, '-1,0,0,-1': 3, '0,-1,1,0': 8 };

/** Size and colours of the track's one kind of sample. */
async function readEntry(source: ByteSource, stsd: Box | undefined, path: string) {
  const entry = stsd === undefined ? null : await source.read(stsd.start + 8, 86);
  if (stsd === undefined || entry === null || entry.length < 86) throw damagedPicture(path);
  const size = { width: entry.readUInt16BE(32), height: entry.readUInt16BE(34) };
  let icc: Uint8Array | null = null;
  let pngColour: PictureMetadata['pngColour'] = [];
  for await (const box of boxesOf(source, stsd.start + 8 + 86, stsd.start + 8 + entry.readUInt32BE(0))) {
    const content = box.type === 'colr' ? await readBox(source, box, MAX_BOX_BYTES) : null;
    const kind = content?.toString('latin1', 0, 4);
    if (kind === 'nclx' && content!.length >= 8)
      pngColour = codePoints(content!.readUInt16BE(4), content!.readUInt16BE(6));
    if ((kind === 'prof' || kind === 'rICC') && iccColourSpace(content!.subarray(4)) === 'RGB')
      icc = content!.subarray(4);
  }
  return { size, icc, pngColour };
}

/** As PNG's cICP, where it is not plain sRGB: matrix 0 and full range, as the pixels are decoded. */
function codePoints(primaries: number, transfer: number): PictureMetadata['pngColour'] {
  const plain = (primaries === 1 || primaries === 2) && [1, 2, 6, 13].includes(transfer);
  return plain || primaries > 255 || transfer > 255
    ? []
    : [{ type: 'cICP', data: Buffer.from([primaries, transfer, 0, 1]) }];
}
