/** Bicubic enlargement with a = -0.75 and the border repeated, as torch's interpolate does it. Planes, NCHW. */
export function enlargedByBicubic(planes: Float32Array, width: number, height: number, factor: number): Float32Array {
  const channels = planes.length / (width * height);
  const wide = new Float32Array(channels * height * width * factor);
  along(planes, wide, { count: channels * height, length: width, step: 1, factor });
  const whole = new Float32Array(wide.length * factor);
  for (let c = 0; c < channels; c++) {
    const size = height * width * factor;
    const columns = { count: width * factor, length: height, step: width * factor, factor };
    along(wide.subarray(c * size, (c + 1) * size), whole.subarray(c * size * factor, (c + 1) * size * factor), columns);
  }
  return whole;
}

interface Lines {
  readonly count: number;
  readonly length: number;
  /** From one sample of a line to the next; 1: lines lie behind each other. */
  readonly step: number;
  readonly factor: number;
}

function along(source: Float32Array, target: Float32Array, { count, length, step, factor }: Lines): void {
  for (let line = 0; line < count; line++) {
    const [from, to] = step === 1 ? [line * length, line * length * factor] : [line, line];
    for (let i = 0; i < length * factor; i++) {
      const place = (i + 0.5) / factor - 0.5;
      const first = Math.floor(place) - 1;
      let sum = 0;
      for (let tap = first; tap < first + 4; tap++) {
        const clamped = Math.min(length - 1, Math.max(0, tap));
        sum += cubic(place - tap) * source[from + clamped * step]!;
      }
      target[to + i * step] = sum;
    }
  }
}

function cubic(distance: number): number {
  const [a, x] = [-0.75, Math.abs(distance)];
  if (x <= 1) return (a + 2) * x ** 3 - (a + 3) * x ** 2 + 1;
  return x < 2 ? a * x ** 3 - 5 * a * x ** 2 + 8 * a * x - 4 * a : 0;
}
