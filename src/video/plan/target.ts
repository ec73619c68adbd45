import { lengthOf } from '../../core/files/output-name.ts';
import { roundSize, scaledInto } from '../../core/pixels/fill.ts';
import { type Size, scaleSize } from '../../core/pixels/geometry.ts';
import type { Rational } from '../rational.ts';
import type { VideoSettings, VideoTarget } from '../settings.ts';

export interface TargetPlan {
  /** Size that the network's picture is scaled to. */
  readonly scaled: Size;
  /** Size of the result: smaller than `scaled` where edges are cut off, larger where borders are added. */
  readonly size: Size;
  /** Shape of a pixel of the result where it is not the source's. */
  readonly sampleAspectRatio: Rational | null;
}

/**
 * Size of the result. By factor, by the network, by one side, and fitted in a box it keeps the source's sample aspect
 * ratio, so the picture's shape stays; the other ways to fill a box give square pixels.
 * @param multiple sizes other than the network's own are rounded to multiples of this (2 for 4:2:0).
 */
export function planTarget(
  source: { readonly size: Size; readonly sampleAspectRatio: Rational | null },
  networkScale: number,
  { target, fill }: { readonly target: VideoTarget; readonly fill: VideoSettings['fill'] },
  multiple: number,
): TargetPlan {
  const { size } = source;
  switch (target.kind) {
    case 'network':
      return keepingShape(scaleSize(size, networkScale));
    case 'scale':
      if (target.scale === networkScale) return keepingShape(scaleSize(size, networkScale));
      return keepingShape(roundSize(scaleSize(size, target.scale), multiple));
    case 'side':
      return keepingShape(roundSize(scaleSize(size, target.px / lengthOf(size, target.side)), multiple));
    case 'fit':
      return fill === 'fit'
        ? keepingShape(scaledInto(target, size, fill, multiple))
        : fillBox(source, target, fill, multiple);
  }
}

function keepingShape(size: Size): TargetPlan {
  return { scaled: size, size, sampleAspectRatio: null };
}

function fillBox(
  { size, sampleAspectRatio }: { readonly size: Size; readonly sampleAspectRatio: Rational | null },
  { width, height }: Size,
  fill: VideoSettings['fill'],
  multiple: number,
): TargetPlan {
  const box = { width, height };
  const aspect = sampleAspectRatio ?? { num: 1, den: 1 };
  const shape = { width: (size.width * aspect.num) / aspect.den, height: size.height };
  const scaled = scaledInto(box, shape, fill, multiple);
  return { scaled, size: box, sampleAspectRatio: { num: 1, den: 1 } };
}
