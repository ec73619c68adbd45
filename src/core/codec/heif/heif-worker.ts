import { parentPort, workerData } from 'node:worker_threads';
import { readTransformed } from '../../pixels/dihedral.ts';
import type { Size } from '../../pixels/geometry.ts';
import { composePlanes, type Grid } from './heif-canvas.ts';
import type { TurnStep } from './heif-layout.ts';
import { type HevcDecoder, type HevcPicture, loadHevcDecoder } from './libde265.ts';
import { type SamplePlane, spreadPlane, type YcbcrCoding, ycbcrToRgb } from './ycbcr.ts';

/**
 * Entry of a thread that decodes one HEIC picture and ends: WebAssembly keeps its memory as long as its thread lives.
 */

export interface HeifRequest {
  readonly colour: CodedLayout;
  readonly alpha: CodedLayout | null;
  readonly channels: 1 | 3;
  readonly bytesPerSample: 1 | 2;
  /** null: as the coded picture has it. */
  readonly coding: YcbcrCoding | null;
}

export interface CodedLayout extends Grid {
  /** Of each part, its parameter sets and then its data. */
  readonly parts: readonly (readonly Uint8Array[])[];
  readonly steps: readonly TurnStep[];
  readonly size: Size;
}

export type HeifReply =
  | {
      /** Samples over all levels of `bytesPerSample`, little-endian, as large as the layouts say. */
      readonly colour: ArrayBuffer;
      readonly alpha: ArrayBuffer | null;
    }
  | { readonly failure: 'damaged' | 'unsupported' | 'out-of-memory'; readonly detail: string };

/** HEIF's default where nothing is said (ISO/IEC 23000-22, 7.3.6.4). */
const DEFAULT_CODING: YcbcrCoding = { matrix: 6, fullRange: true };

function decode({ colour, alpha, channels, bytesPerSample, coding }: HeifRequest): HeifReply {
  const decoder = loadHevcDecoder();
  const make = (bands: number, { width, height }: Size) => new ArrayBuffer(width * height * bands * bytesPerSample);
  const samplesOf = (buffer: ArrayBuffer) => (bytesPerSample === 1 ? new Uint8Array(buffer) : new Uint16Array(buffer));
  const picture = decodeLayout(decoder, colour);
  if (picture === null || picture.planes.length !== channels) return damaged('the picture');
  const [luma, cb, cr] = picture.planes as [SamplePlane, SamplePlane, SamplePlane];
  const own = codingOf(coding, picture.coding);
  const canvas = make(channels, colour.canvas);
  if (channels === 1) spreadPlane(luma, own.fullRange, samplesOf(canvas));
  else if (!ycbcrToRgb([luma, cb, cr], own, samplesOf(canvas))) {
    return { failure: 'unsupported', detail: `Expected a known matrix, got ${own.matrix}.` };
  }
  const turned = turn(canvas, channels, colour);
  if (alpha === null) return { colour: turned, alpha: null };
  const opacity = decodeLayout(decoder, alpha)?.planes[0];
  if (opacity === undefined) return damaged('its alpha');
  const alphaCanvas = make(1, alpha.canvas);
  spreadPlane(opacity, true, samplesOf(alphaCanvas));
  return { colour: turned, alpha: turn(alphaCanvas, 1, alpha) };

  /** One pass for each step: files have one of them, or none. */
  function turn(buffer: ArrayBuffer, bands: 1 | 3, { canvas, steps }: CodedLayout): ArrayBuffer {
    let [from, width] = [buffer, canvas.width];
    for (const { part, transform } of steps) {
      const to = make(bands, part);
      readTransformed(samplesOf(to), { samples: samplesOf(from), width, channels: bands }, part, transform, 1);
      from = to;
      width = transform >= 4 ? part.height : part.width;
    }
    return from;
  }
}

function decodeLayout(decoder: HevcDecoder, layout: CodedLayout): HevcPicture | null {
  let coding: YcbcrCoding | null = null;
  const planes = composePlanes(layout, layout.parts.length, (part) => {
    const picture = decoder.decode(layout.parts[part]!);
    coding ??= picture?.coding ?? null;
    return picture?.planes ?? null;
  });
  return planes && { planes, coding };
}

/** Some cameras (Sony's HIF) say "limited" in the file of what the coded picture rightly says that it is full. */
function codingOf(described: YcbcrCoding | null, coded: YcbcrCoding | null): YcbcrCoding {
  const coding = described ?? coded ?? DEFAULT_CODING;
  return { ...coding, fullRange: coding.fullRange || (coded?.fullRange ?? false) };
}

function damaged(what: string): HeifReply {
  return { failure: 'damaged', detail: `Expected ${what} to be as described and without faults.` };
}

function answer(request: HeifRequest): HeifReply {
  try {
    return decode(request);
  } catch (error) {
    // WebAssembly that cannot get memory throws a bare number or aborts; so does one that runs into forged data.
    return { failure: error instanceof RangeError ? 'out-of-memory' : 'damaged', detail: String(error) };
  }
}

if (parentPort) {
  const reply = answer(workerData as HeifRequest);
  const buffers = 'failure' in reply ? [] : [reply.colour, reply.alpha].filter((buffer) => buffer !== null);
  parentPort.postMessage(reply, buffers);
}
