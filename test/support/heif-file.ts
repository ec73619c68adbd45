import { spawnSync } from 'node:child_process';

/** One key frame of HEVC as a HEIF item holds it. */
export interface CodedPicture {
  readonly width: number;
  readonly height: number;
  /** The decoder's configuration, without its box. */
  readonly hvcC: Buffer;
  readonly data: Buffer;
}

/**
 * Codes samples by ffmpeg's libx265.
 * @param samples planes of `pixelFormat` as ffmpeg lays them out, such as gbrp10le or yuv420p
 * @param crf null: without loss
 */
export function codeHevc(
  samples: Buffer,
  {
    width,
    height,
    pixelFormat,
    crf = null,
  }: { width: number; height: number; pixelFormat: string; crf?: number | null },
): CodedPicture {
  const input = ['-f', 'rawvideo', '-pix_fmt', pixelFormat, '-s', `${width}x${height}`, '-i', 'pipe:0'];
  const loss = crf === null ? 'lossless=1' : `crf=${crf}`;
  const coder = ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', `${loss}:ctu=16:info=0:log-level=none`];
  const { stdout, stderr, status } = spawnSync(
    'ffmpeg',
    ['-v', 'error', ...input, ...coder, '-frames:v', '1', '-f', 'hevc', 'pipe:1'],
    { input: samples, maxBuffer: 1 << 28 },
  );
  if (status !== 0) throw new Error(`Expected ffmpeg to code HEVC: ${stderr}`);
  const units = splitUnits(stdout);
  const isSet = (unit: Buffer) => unitType(unit) >= 32 && unitType(unit) <= 34;
  return {
    width,
    height,
    hvcC: configuration(units.filter(isSet)),
    // Types below 32 are slices.
    data: Buffer.concat(units.filter((unit) => unitType(unit) < 32).flatMap((unit) => [uint(4, unit.length), unit])),
  };
}

function unitType(unit: Buffer): number {
  return (unit[0]! >> 1) & 63;
}

/** Units of a byte stream (H.265, annex B), which begin behind 0, 0, 1. */
function splitUnits(stream: Buffer): Buffer[] {
  const starts: number[] = [];
  const mark = Buffer.from([0, 0, 1]);
  for (let at = stream.indexOf(mark); at >= 0; at = stream.indexOf(mark, at + 3)) starts.push(at + 3);
  return starts.map((start, index) => {
    let end = starts[index + 1] === undefined ? stream.length : starts[index + 1]! - 3;
    while (stream[end - 1] === 0) end -= 1;
    return stream.subarray(start, end);
  });
}

/** ISO/IEC 14496-15, 8.3.3.1.2: profile, chroma and depth are those of the sequence's parameter set. */
function configuration(sets: readonly Buffer[]): Buffer {
  const sps = withoutEmulation(sets.find((set) => unitType(set) === 33)!);
  const { chroma, luma } = layoutOf(sps);
  const head = Buffer.concat([
    Buffer.from([1]),
    // Profile, compatibility, constraints and level stand behind the unit's head and one byte.
    sps.subarray(3, 15),
    Buffer.from([0xf0, 0, 0xfc, 0xfc | chroma, 0xf8 | (luma - 8), 0xf8 | (luma - 8), 0, 0, 0x0f, sets.length]),
  ]);
  return Buffer.concat([
    head,
    ...sets.flatMap((set) => [Buffer.from([0x80 | unitType(set), 0, 1]), uint(2, set.length), set]),
  ]);
}

function withoutEmulation(unit: Buffer): Buffer {
  return Buffer.from([...unit].filter((byte, at) => !(byte === 3 && unit[at - 1] === 0 && unit[at - 2] === 0)));
}

/** H.265, 7.3.2.2.1: behind the profile and level of a stream without sub-layers. */
function layoutOf(sps: Buffer): { chroma: number; luma: number } {
  const bits = [...sps.subarray(15)].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  let at = 0;
  const flag = () => bits[at++] === '1';
  const number = () => {
    const zeros = bits.indexOf('1', at) - at;
    at += 2 * zeros + 1;
    return Number.parseInt(bits.slice(at - zeros - 1, at), 2) - 1;
  };
  number();
  const chroma = number();
  if (chroma === 3) flag();
  number();
  number();
  if (flag()) for (let side = 0; side < 4; side++) number();
  return { chroma, luma: 8 + number() };
}

/** A box of the ISO base media file format. */
export function box(type: string, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([uint(4, body.length + 8), Buffer.from(type, 'latin1'), body]);
}

/** A box with version and flags. */
export function fullBox(
  type: string,
  [version, flags]: readonly [number, number],
  ...parts: readonly Uint8Array[]
): Buffer {
  return box(type, Buffer.from([version]), uint(3, flags), ...parts);
}

/** A number of 1 to 6 bytes, the highest first. */
export function uint(bytes: number, ...values: readonly number[]): Buffer {
  const buffer = Buffer.alloc(bytes * values.length);
  values.forEach((value, index) => {
    buffer.writeUIntBE(value, index * bytes, bytes);
  });
  return buffer;
}

export interface HeifItemPlan {
  readonly id: number;
  readonly type: string;
  readonly data: Buffer;
  /** Whole boxes; equal ones are shared. */
  readonly properties?: readonly Buffer[];
  /** Of a "mime" item. */
  readonly contentType?: string;
  readonly hidden?: boolean;
}

export interface HeifPlan {
  /** The first is the major one. Default: heic, mif1. */
  readonly brands?: readonly string[];
  readonly items: readonly HeifItemPlan[];
  readonly primary: number;
  readonly references?: readonly { readonly type: string; readonly from: number; readonly to: readonly number[] }[];
  /** Whole boxes behind all others. */
  readonly behind?: readonly Buffer[];
}

/** The item of a coded picture, with what it needs to be decoded in front of `properties`. */
export function pictureItem(
  id: number,
  { width, height, hvcC, data }: CodedPicture,
  properties: readonly Buffer[] = [],
) {
  return { id, type: 'hvc1', data, properties: [box('hvcC', hvcC), extents(width, height), ...properties] };
}

export function extents(width: number, height: number): Buffer {
  return fullBox('ispe', [0, 0], uint(4, width, height));
}

/** ISO/IEC 23091-2 code points. */
export function nclx(primaries: number, transfer: number, matrix: number, fullRange: boolean): Buffer {
  return box('colr', Buffer.from('nclx'), uint(2, primaries, transfer, matrix), Buffer.from([fullRange ? 0x80 : 0]));
}

/** A HEIF file of the items, in their order (ISO/IEC 23008-12). */
export function heifFile({
  brands = ['heic', 'mif1'],
  items,
  primary,
  references = [],
  behind = [],
}: HeifPlan): Buffer {
  const ftyp = box('ftyp', Buffer.from(brands[0]!), uint(4, 0), ...brands.map((brand) => Buffer.from(brand)));
  const describe = (offset: number) => {
    return fullBox(
      'meta',
      [0, 0],
      fullBox('hdlr', [0, 0], uint(4, 0), Buffer.from('pict'), Buffer.alloc(13)),
      fullBox('pitm', [0, 0], uint(2, primary)),
      locations(items, offset),
      fullBox('iinf', [0, 0], uint(2, items.length), ...items.map(itemEntry)),
      ...(references.length === 0 ? [] : [fullBox('iref', [0, 0], ...references.map(referenceBox))]),
      properties(items),
    );
  };
  const meta = describe(ftyp.length + describe(0).length + 8);
  return Buffer.concat([ftyp, meta, box('mdat', ...items.map(({ data }) => data)), ...behind]);
}

function locations(items: readonly HeifItemPlan[], offset: number): Buffer {
  let at = offset;
  const entries = items.map(({ id, data }) => {
    const entry = Buffer.concat([uint(2, id, 0, 1), uint(4, at, data.length)]);
    at += data.length;
    return entry;
  });
  return fullBox('iloc', [0, 0], Buffer.from([0x44, 0x00]), uint(2, items.length), ...entries);
}

function itemEntry({ id, type, contentType, hidden = false }: HeifItemPlan): Buffer {
  const names = contentType === undefined ? '\0' : `\0${contentType}\0`;
  return fullBox('infe', [2, hidden ? 1 : 0], uint(2, id, 0), Buffer.from(type), Buffer.from(names));
}

function referenceBox({ type, from, to }: NonNullable<HeifPlan['references']>[number]): Buffer {
  return box(type, uint(2, from, to.length, ...to));
}

function properties(items: readonly HeifItemPlan[]): Buffer {
  const all = [
    ...new Map(items.flatMap(({ properties = [] }) => properties).map((it) => [it.toString('latin1'), it])).values(),
  ];
  const indexOf = (property: Buffer) => all.findIndex((other) => other.equals(property)) + 1;
  const associations = items
    .filter(({ properties = [] }) => properties.length > 0)
    .map(({ id, properties = [] }) =>
      Buffer.concat([uint(2, id), Buffer.from([properties.length, ...properties.map(indexOf)])]),
    );
  return box('iprp', box('ipco', ...all), fullBox('ipma', [0, 0], uint(4, associations.length), ...associations));
}
