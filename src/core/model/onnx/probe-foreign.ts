import { UpreelError } from '../../errors.ts';
import type { FixedSize, Size } from '../../pixels/geometry.ts';
import type { NetworkProbe } from '../../session/network-probe.ts';
import { unsupported } from '../import/refusal.ts';

/** What trying a network shows. */
export interface ProbedSize {
  readonly scale: number;
  readonly alignPx: number;
}

/** Of a picture to try a network on. */
type Trial = Size & { readonly channels: 1 | 3 };

/**
 * @param fixedPx the only size that the network takes, if it has one
 * @param alignPx multiple that sizes must have
 */
export function trialFor(channels: 1 | 3, fixedPx: FixedSize | null, alignPx = 1): Trial {
  const { width, height } = alignPx <= SMALL.mostAlignPx ? SMALL : LARGE;
  return { channels, width: fixedPx?.width ?? width, height: fixedPx?.height ?? height };
}

/** Neither squares nor multiples of much; the large one is for networks that reduce a picture to a 64th. */
const SMALL = { width: 48, height: 32, mostAlignPx: 16 };
const LARGE = { width: 192, height: 128, mostAlignPx: 64 };

/**
 * The factor by which a network enlarges, and the multiples that sizes must have: the least for which one of them more
 * still gives `scale` times the size. Axes of fixed size need none.
 * @throws UpreelError `model-unsupported`, `model-refused`
 */
export async function probeSize(probe: NetworkProbe, channels: 1 | 3, fixedPx: FixedSize | null): Promise<ProbedSize> {
  const isFree = fixedPx?.width == null || fixedPx.height == null;
  const small = trialFor(channels, fixedPx);
  const scale = isFree ? await scaleOn(probe, small).catch(notForThisSize) : await scaleOn(probe, small);
  if (!isFree && scale !== undefined) return { scale, alignPx: 1 };
  const most = scale === undefined ? LARGE.mostAlignPx : SMALL.mostAlignPx;
  const trial = trialFor(channels, fixedPx, most);
  const found = scale ?? (await scaleOn(probe, trial));
  for (let alignPx = 1; alignPx < most; alignPx *= 2) {
    const larger = {
      channels,
      width: trial.width + (fixedPx?.width == null ? alignPx : 0),
      height: trial.height + (fixedPx?.height == null ? alignPx : 0),
    };
    const result = await probe.run(testPicture(larger, 1)).catch(notForThisSize);
    const [, , higher, wider] = result?.dimensions ?? [];
    if (higher === found * larger.height && wider === found * larger.width) return { scale: found, alignPx };
  }
  return { scale: found, alignPx: most };
}

async function scaleOn(probe: NetworkProbe, trial: Trial): Promise<number> {
  const { channels, width, height } = trial;
  const { dimensions } = await probe.run(testPicture(trial, 1));
  const [batch = 0, made = 0, madeHeight = 0, madeWidth = 0] = dimensions;
  const scale = madeWidth / width;
  const isWhole = madeHeight === scale * height && isScale(scale);
  if (dimensions.length === 4 && batch === 1 && made === channels && isWhole) return scale;
  throw unsupported(
    `The ONNX network makes [${dimensions.join(', ')}] of [1, ${channels}, ${height}, ${width}]; upreel needs ${channels} channels and a whole number of times the size.`,
  );
}

/**
 * White of a network's samples: its output, averaged down, must resemble its input. A network for 0..255 that gets 0..1
 * sees black and answers with its own noise, which is large beside 1; one for 0..1 that gets 0..255 mostly bends what
 * it sees. undefined if neither gives a picture.
 */
export async function probeWhite(probe: NetworkProbe, trial: Trial, scale: number): Promise<1 | 255 | undefined> {
  const [small, large] = [await likeness(probe, trial, scale, 1), await likeness(probe, trial, scale, 255)];
  if (Math.min(small, large) > ALIKE) return undefined;
  return small > GOOD && large < small / CLEARLY_BETTER ? 255 : 1;
}

/**
 * RMS of what the picture lost, of 1, when it is fed right: 0.002 to 0.17 for the networks that this was tried on
 * (Compact, RRDB, CUNet, upconv; with either white). Fed wrong, each lost at least 2.8 times as much.
 */
const ALIKE = 0.25;
/** Fed 0..1 instead of 0..255, the best of them lost 0.05. */
const GOOD = 0.03;
const CLEARLY_BETTER = 2;

/** Networks see beyond the border what was never there. */
const BORDER = 6;

function isScale(scale: number): boolean {
  return Number.isInteger(scale) && scale >= 1 && scale <= 16;
}

function notForThisSize(error: unknown): undefined {
  if (error instanceof UpreelError && error.code === 'model-refused') return undefined;
  throw error;
}

async function likeness(probe: NetworkProbe, trial: Trial, scale: number, white: number): Promise<number> {
  const { channels, width, height } = trial;
  const source = testPicture(trial, white);
  const { data } = await probe.run(source);
  let [sum, count] = [0, 0];
  for (let c = 0; c < channels; c++) {
    for (let y = BORDER; y < height - BORDER; y++) {
      for (let x = BORDER; x < width - BORDER; x++) {
        const expected = source.data[(c * height + y) * width + x]!;
        const difference = (blockMean(data, trial, { c, y, x }, scale) - expected) / white;
        sum += difference ** 2;
        count++;
      }
    }
  }
  // What is no number is no picture.
  return Number.isFinite(sum) ? Math.sqrt(sum / count) : Number.POSITIVE_INFINITY;
}

interface Place {
  readonly c: number;
  readonly y: number;
  readonly x: number;
}

function blockMean(data: Float32Array, { width, height }: Size, { c, y, x }: Place, scale: number): number {
  let sum = 0;
  for (let i = 0; i < scale; i++) {
    const row = (c * height * scale + y * scale + i) * width * scale + x * scale;
    for (let j = 0; j < scale; j++) sum += data[row + j]!;
  }
  return sum / scale ** 2;
}

/** Smooth waves of another phase in each channel, 0.2 to 0.8 of white. */
function testPicture({ channels, width, height }: Trial, white: number) {
  const data = new Float32Array(channels * width * height);
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const wave = Math.sin(x / 5 + c) * Math.cos(y / 6 - c);
        data[(c * height + y) * width + x] = (0.5 + 0.3 * wave) * white;
      }
    }
  }
  return { dimensions: [1, channels, height, width], data };
}
