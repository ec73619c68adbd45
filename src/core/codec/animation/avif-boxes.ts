import type { Size } from '../../pixels/geometry.ts';
import { box, endedText, fullBox, u8, u16, u32, u64 } from '../bytes/box-bytes.ts';
import type { PictureMetadata } from '../metadata/metadata.ts';
import type { Av1Stream } from './av1.ts';

/** Two streams of pictures that are to be one animated AVIF. */
export interface AvifSequence {
  readonly size: Size;
  readonly colour: AvifTrack;
  readonly alpha: AvifTrack | null;
  /** Ticks of a second. */
  readonly timescale: number;
  /** How long each picture shows, in ticks. */
  readonly durations: readonly number[];
  /** How often it runs, 0 for ever. */
  readonly loop: number;
  readonly metadata: Pick<PictureMetadata, 'icc' | 'exif' | 'xmp'>;
}

export interface AvifTrack {
  readonly stream: Av1Stream;
  readonly isMonochrome: boolean;
  /** Primaries, transfer and matrix as ISO/IEC 23091-2 counts them, full range; null: these are no colours. */
  readonly codePoints: readonly [number, number, number] | null;
}

/**
 * Everything before the pictures: they follow as the data of a box whose head is the last part of this, colour first.
 */
export function avifHead(sequence: AvifSequence): Buffer {
  const media = mediaBytes(sequence);
  const inside = extrasOf(sequence.metadata).reduce((sum, { data }) => sum + data.length, media);
  const write = (offset: number) =>
    Buffer.concat([fileType(sequence), metaBox(sequence, offset), movieBox(sequence, offset), dataHead(inside)]);
  return write(write(0).length);
}

/** What follows the pictures in the same box. */
export function avifTail({ metadata }: AvifSequence): Uint8Array[] {
  return extrasOf(metadata).map(({ data }) => data);
}

/** Of the whole file. */
export function avifBytes(sequence: AvifSequence): number {
  const extras = extrasOf(sequence.metadata);
  return avifHead(sequence).length + extras.reduce((sum, { data }) => sum + data.length, mediaBytes(sequence));
}

function mediaBytes({ colour, alpha }: AvifSequence): number {
  return streamBytes(colour) + (alpha === null ? 0 : streamBytes(alpha));
}

function streamBytes({ stream }: AvifTrack): number {
  return stream.samples.reduce((sum, { start, end }) => sum + end - start, 0);
}

function dataHead(bytes: number): Buffer {
  return Buffer.concat([u32(bytes + 8), Buffer.from('mdat', 'latin1')]);
}

/**
 * `avis` for its pictures in time, `avif` and `mif1` for readers that show the first of them.
 * @see AVIF 1.1, section 6
 */
function fileType({ colour }: AvifSequence): Buffer {
  const profile = colour.stream.profile === 0 ? 'MA1B' : 'MA1A';
  return box('ftyp', Buffer.from(`avis\0\0\0\0avifavismif1msf1iso8miaf${profile}`, 'latin1'));
}

interface Extra {
  readonly type: 'Exif' | 'mime';
  readonly data: Uint8Array;
}

function extrasOf({ exif, xmp }: AvifSequence['metadata']): Extra[] {
  return [
    // A TIFF header's offset goes before it. @see ISO/IEC 23008-12, annex A
    ...(exif === null ? [] : [{ type: 'Exif', data: Buffer.concat([u32(0), exif]) } as const]),
    ...(xmp === null ? [] : [{ type: 'mime', data: xmp } as const]),
  ];
}

interface Item {
  readonly id: number;
  readonly type: 'av01' | Extra['type'];
  readonly name: string;
  readonly offset: number;
  readonly length: number;
  /** What it is to the first picture. */
  readonly reference: 'auxl' | 'cdsc' | null;
}

/** The first picture, its alpha, and what is known of both. */
function itemsOf(sequence: AvifSequence, offset: number): Item[] {
  const { colour, alpha, metadata } = sequence;
  const first = ({ stream }: AvifTrack) => stream.samples[0]!.end - stream.samples[0]!.start;
  const alphaOffset = offset + streamBytes(colour);
  const colourItem = { id: 1, type: 'av01', name: 'Color', offset, length: first(colour), reference: null } as const;
  const pictures: Item[] = [colourItem];
  if (alpha !== null) {
    const length = first(alpha);
    pictures.push({ id: 2, type: 'av01', name: 'Alpha', offset: alphaOffset, length, reference: 'auxl' });
  }
  let at = offset + mediaBytes(sequence);
  const extras = extrasOf(metadata).map(({ type, data }, index): Item => {
    const start = at;
    at += data.length;
    return { id: 3 + index, type, name: '', offset: start, length: data.length, reference: 'cdsc' };
  });
  return [...pictures, ...extras];
}

/** @see ISO/IEC 14496-12, sections 8.11.3 and 8.11.6 */
function itemBoxes(items: readonly Item[]): Buffer[] {
  const places = items.flatMap(({ id, offset, length }) => [u16(id, 0, 1), u32(offset, length)]);
  const infos = items.map(({ id, type, name }) => {
    const kind = type === 'mime' ? [endedText('application/rdf+xml')] : [];
    return fullBox('infe', 2, 0, u16(id, 0), Buffer.from(type, 'latin1'), endedText(name), ...kind);
  });
  return [
    fullBox('iloc', 0, 0, u8(0x44, 0), u16(items.length), ...places),
    fullBox('iinf', 0, 0, u16(items.length), ...infos),
  ];
}

/** The first picture as a still one. */
function metaBox(sequence: AvifSequence, offset: number): Buffer {
  const { size, colour, alpha, metadata } = sequence;
  const items = itemsOf(sequence, offset);
  const references = items.flatMap(({ id, reference }) => (reference === null ? [] : [box(reference, u16(id, 1, 1))]));
  const properties = [
    { data: fullBox('ispe', 0, 0, u32(size.width, size.height)), of: [1, 2] },
    ...propertiesOf(colour, metadata.icc).map((data) => ({ data, of: [1] })),
    ...(alpha === null ? [] : [...propertiesOf(alpha, null), alphaProperty('auxC')].map((data) => ({ data, of: [2] }))),
  ];
  const associations = (alpha === null ? [1] : [1, 2]).map((item) => {
    const indexes = properties.flatMap(({ of, data }, index) =>
      of.includes(item) ? [(index + 1) | (data.toString('latin1', 4, 8) === 'av1C' ? 0x80 : 0)] : [],
    );
    return Buffer.concat([u16(item), u8(indexes.length, ...indexes)]);
  });
  return fullBox(
    'meta',
    0,
    0,
    handlerBox('pict'),
    fullBox('pitm', 0, 0, u16(1)),
    ...itemBoxes(items),
    ...(references.length === 0 ? [] : [fullBox('iref', 0, 0, ...references)]),
    box(
      'iprp',
      box('ipco', ...properties.map(({ data }) => data)),
      fullBox('ipma', 0, 0, u32(associations.length), ...associations),
    ),
  );
}

/** What is said of a picture both as an item and as a track. */
function propertiesOf({ stream, isMonochrome, codePoints }: AvifTrack, icc: Uint8Array | null): Buffer[] {
  const subsampling = isMonochrome ? 0b1_1100 : 0;
  const configuration = u8(0x81, (stream.profile << 5) | stream.level, (stream.tier << 7) | subsampling, 0);
  return [
    fullBox('pixi', 0, 0, isMonochrome ? u8(1, 8) : u8(3, 8, 8, 8)),
    box('av1C', configuration),
    ...(codePoints === null ? [] : [box('colr', Buffer.from('nclx', 'latin1'), u16(...codePoints), u8(0x80))]),
    ...(icc === null ? [] : [box('colr', Buffer.from('prof', 'latin1'), icc)]),
  ];
}

function alphaProperty(type: 'auxC' | 'auxi'): Buffer {
  return fullBox(type, 0, 0, endedText('urn:mpeg:mpegB:cicp:systems:auxiliary:alpha'));
}

function handlerBox(handler: string): Buffer {
  return fullBox('hdlr', 0, 0, u32(0), Buffer.from(handler, 'latin1'), u32(0, 0, 0), endedText(''));
}

function movieBox(sequence: AvifSequence, offset: number): Buffer {
  const { colour, alpha, timescale } = sequence;
  const once = onceTicks(sequence);
  const header = fullBox(
    ...(['mvhd', 1, 0] as const),
    ...[u64(0), u64(0), u32(timescale), u64(allTicks(sequence))],
    ...[u32(0x1_0000), u16(0x100, 0), u32(0, 0), MATRIX, u32(0, 0, 0, 0, 0, 0), u32(alpha === null ? 2 : 3)],
  );
  return box(
    'moov',
    header,
    trackBox(sequence, colour, { id: 1, once, offset }),
    ...(alpha === null ? [] : [trackBox(sequence, alpha, { id: 2, once, offset: offset + streamBytes(colour) })]),
  );
}

const MATRIX = u32(0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000);

function onceTicks({ durations }: AvifSequence): number {
  return durations.reduce((sum, ticks) => sum + ticks, 0);
}

/** All ones for one without end. @see ISO/IEC 14496-12, section 8.3.2 */
function allTicks(sequence: AvifSequence): bigint {
  const { loop } = sequence;
  return loop === 0 ? 0xffff_ffff_ffff_ffffn : BigInt(onceTicks(sequence)) * BigInt(loop);
}

function trackBox(
  sequence: AvifSequence,
  track: AvifTrack,
  { id, once, offset }: { readonly id: 1 | 2; readonly once: number; readonly offset: number },
): Buffer {
  const { size, timescale, loop } = sequence;
  const isAlpha = id === 2;
  const header = fullBox(
    ...(['tkhd', 1, 1] as const),
    ...[u64(0), u64(0), u32(id, 0), u64(allTicks(sequence)), u32(0, 0), u16(0, 0, 0, 0), MATRIX],
    u32(size.width * 0x1_0000, size.height * 0x1_0000),
  );
  // Bit 0: the one entry is repeated until the track's duration is over.
  const edits = box('edts', fullBox('elst', 1, loop === 1 ? 0 : 1, u32(1), u64(once), u64(0), u16(1, 0)));
  const media = box(
    'mdia',
    fullBox('mdhd', 1, 0, u64(0), u64(0), u32(timescale), u64(once), u16(0x55c4, 0)),
    handlerBox(isAlpha ? 'auxv' : 'pict'),
    box(
      'minf',
      fullBox('vmhd', 0, 1, u16(0, 0, 0, 0)),
      box('dinf', fullBox('dref', 0, 0, u32(1), fullBox('url ', 0, 1))),
      sampleTable(sequence, track, { isAlpha, offset }),
    ),
  );
  if (isAlpha) return box('trak', header, box('tref', box('auxl', u32(1))), edits, media);
  // Readers of tracks look for EXIF and XMP here, readers of stills in the file's own box of this kind.
  const extras = itemsOf(sequence, offset).filter(({ reference }) => reference === 'cdsc');
  const meta = extras.length === 0 ? [] : [fullBox('meta', 0, 0, handlerBox('pict'), ...itemBoxes(extras))];
  return box('trak', header, edits, ...meta, media);
}

function sampleTable(
  { size, durations, metadata }: AvifSequence,
  track: AvifTrack,
  { isAlpha, offset }: { readonly isAlpha: boolean; readonly offset: number },
): Buffer {
  const { samples } = track.stream;
  const keys = samples.flatMap(({ isKey }, index) => (isKey ? [index + 1] : []));
  const entry = box(
    'av01',
    ...[Buffer.alloc(6), u16(1), Buffer.alloc(16), u16(size.width, size.height), u32(0x48_0000, 0x48_0000, 0)],
    ...[u16(1), Buffer.alloc(32), u16(24, 0xffff)],
    ...propertiesOf(track, isAlpha ? null : metadata.icc).filter((data) => data.toString('latin1', 4, 8) !== 'pixi'),
    // Pictures may refer to any other one. @see ISO/IEC 23008-12, section 7.2.3.3
    fullBox('ccst', 0, 0, u32(0x7c00_0000)),
    ...(isAlpha ? [alphaProperty('auxi')] : []),
  );
  const runs = runsOf(durations);
  return box(
    'stbl',
    fullBox('stsd', 0, 0, u32(1), entry),
    fullBox('stts', 0, 0, u32(runs.length), ...runs.map(([count, ticks]) => u32(count, ticks))),
    fullBox('stsc', 0, 0, u32(1), u32(1, samples.length, 1)),
    fullBox('stsz', 0, 0, u32(0, samples.length), u32(...samples.map(({ start, end }) => end - start))),
    fullBox('stco', 0, 0, u32(1, offset)),
    fullBox('stss', 0, 0, u32(keys.length), u32(...keys)),
  );
}

/** Equal numbers in a row: how many, and which. */
function runsOf(values: readonly number[]): [count: number, value: number][] {
  const runs: [number, number][] = [];
  for (const value of values) {
    const last = runs.at(-1);
    if (last?.[1] === value) last[0]++;
    else runs.push([1, value]);
  }
  return runs;
}
