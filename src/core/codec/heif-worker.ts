import { parentPort, workerData } from 'node:worker_threads';
import { decodePrimary, HeifFailure, type HeifPlanes, OUT_OF_MEMORY, UNSUPPORTED } from './libheif.ts';
import { type Plane, spreadPlane, ycbcrToRgb } from './ycbcr.ts';

/** Entry of a thread that decodes one HEIC picture and ends: WebAssembly keeps its memory as long as its thread lives. */

export interface HeifRequest {
  readonly file: Uint8Array;
  readonly channels: 1 | 3;
  readonly bytesPerSample: 1 | 2;
}

export type HeifReply =
  | {
      readonly width: number;
      readonly height: number;
      /** Samples over all levels of `bytesPerSample`, little-endian. */
      readonly colour: ArrayBuffer;
      readonly alpha: ArrayBuffer | null;
    }
  | { readonly failure: 'damaged' | 'unsupported' | 'out-of-memory'; readonly detail: string };

function decode({ file, channels, bytesPerSample }: HeifRequest): HeifReply {
  const planes = decodePrimary(file);
  const { width, height } = planes.colour[0]!;
  if (!fitTogether(planes, channels)) return { failure: 'damaged', detail: 'Expected planes as described.' };
  const make = (bands: number) => new ArrayBuffer(width * height * bands * bytesPerSample);
  const samplesOf = (buffer: ArrayBuffer) => (bytesPerSample === 1 ? new Uint8Array(buffer) : new Uint16Array(buffer));
  const colour = make(channels);
  if (!fillColour(planes, samplesOf(colour))) {
    return { failure: 'unsupported', detail: `Expected a known matrix, got ${planes.coding?.matrix}.` };
  }
  const alpha = planes.alpha === null ? null : make(1);
  if (planes.alpha !== null) spreadPlane(planes.alpha, true, samplesOf(alpha!));
  return { width, height, colour, alpha };
}

/** Luma of the whole size, chroma of the whole or half of it. */
function fitTogether({ colour: [first, ...others], alpha, coding }: HeifPlanes, channels: 1 | 3): boolean {
  const { width, height } = first!;
  const isWhole = (plane: Plane) => plane.width === width && plane.height === height;
  const isChroma = (plane: Plane) =>
    (plane.width === width || plane.width === (width + 1) >> 1) &&
    (plane.height === height || plane.height === (height + 1) >> 1);
  return (
    others.length + 1 === channels &&
    others.every(coding === null ? isWhole : isChroma) &&
    (alpha === null || isWhole(alpha))
  );
}

function fillColour({ colour, coding }: HeifPlanes, target: Uint8Array | Uint16Array): boolean {
  const [first, second, third] = colour;
  if (second === undefined || third === undefined) {
    spreadPlane(first!, coding?.fullRange ?? true, target);
    return true;
  }
  return coding === null
    ? // Red, green and blue are what identity takes as its third, first and second.
      ycbcrToRgb([second, third, first!], { matrix: 0, fullRange: true }, target)
    : ycbcrToRgb([first!, second, third], coding, target);
}

function answer(request: HeifRequest): HeifReply {
  try {
    return decode(request);
  } catch (error) {
    const detail = String(error);
    if (!(error instanceof HeifFailure)) {
      // An allocation that fails ends in an abort or an exception of C++, which is a bare number here.
      return { failure: error instanceof RangeError ? 'out-of-memory' : 'damaged', detail };
    }
    const failure =
      error.code === OUT_OF_MEMORY ? 'out-of-memory' : error.code === UNSUPPORTED ? 'unsupported' : 'damaged';
    return { failure, detail };
  }
}

if (parentPort) {
  const reply = answer(workerData as HeifRequest);
  const buffers = 'failure' in reply ? [] : [reply.colour, reply.alpha].filter((buffer) => buffer !== null);
  parentPort.postMessage(reply, buffers);
}
