/** x and y of a white, as TIFF's WhitePoint gives it. */
export type White = readonly [number, number];

/** What CIELAB and ICC's connection space refer to where nothing else is said (ICC.1, 7.2.16: X 0.9642, Z 0.8249). */
export const D50: White = [0.9642 / 2.7891, 1 / 2.7891];
const D65: White = [0.3127, 0.329];

/** Writes sRGB (0..1, clipped) to `target`. */
export type ToSrgb = (first: number, second: number, third: number, target: Float64Array) => void;

/** From CIE XYZ under that white (Y 0..1), adapted to D65 by Bradford's matrix, coded as IEC 61966-2-1 says. */
export function xyzToSrgb(white: White): ToSrgb {
  const rows = multiply(invert(SRGB_TO_XYZ), adaptation(white, D65));
  return (x, y, z, target) => {
    for (let channel = 0; channel < 3; channel++) {
      const [ofX, ofY, ofZ] = rows[channel]!;
      target[channel] = encode(ofX * x + ofY * y + ofZ * z);
    }
  };
}

/** From CIELAB (CIE 15; L* 0..100) under that white. */
export function labToSrgb(white: White): ToSrgb {
  const [toXyz, toSrgb] = [labToXyz(white), xyzToSrgb(white)];
  return (l, a, b, target) => {
    toXyz(l, a, b, target);
    toSrgb(target[0]!, target[1]!, target[2]!, target);
  };
}

/** From CIELAB to CIE XYZ (Y 0..1) under the same white. */
export function labToXyz(white: White): (l: number, a: number, b: number, target: Float64Array) => void {
  const [xn, yn, zn] = xyzOf(white);
  return (l, a, b, target) => {
    const fy = (l + 16) / 116;
    target[0] = xn * cube(fy + a / 500);
    target[1] = yn * cube(fy);
    target[2] = zn * cube(fy - b / 200);
  };
}

/** Of CIE 15: near black a straight line. */
function cube(t: number): number {
  return t > 6 / 29 ? t ** 3 : 3 * (6 / 29) ** 2 * (t - 4 / 29);
}

function encode(linear: number): number {
  const light = Math.min(1, Math.max(0, linear));
  return light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055;
}

type Vector = readonly [number, number, number];
type Matrix = readonly [Vector, Vector, Vector];

const BRADFORD: Matrix = [
  [0.8951, 0.2664, -0.1614],
  [-0.7502, 1.7135, 0.0367],
  [0.0389, -0.0685, 1.0296],
];

/** From linear light: columns are the primaries, so bright that together they are white. */
const SRGB_TO_XYZ = withWhite(transpose([xyzOf([0.64, 0.33]), xyzOf([0.3, 0.6]), xyzOf([0.15, 0.06])]), xyzOf(D65));

function withWhite(primaries: Matrix, white: Vector): Matrix {
  const share = apply(invert(primaries), white);
  return matrix((row, column) => primaries[row]![column]! * share[column]!);
}

function adaptation(from: White, to: White): Matrix {
  const [before, after] = [apply(BRADFORD, xyzOf(from)), apply(BRADFORD, xyzOf(to))];
  return multiply(
    invert(BRADFORD),
    matrix((row, column) => (BRADFORD[row]![column]! * after[row]!) / before[row]!),
  );
}

export function xyzOf([x, y]: White): Vector {
  return [x / y, 1, (1 - x - y) / y];
}

function matrix(cell: (row: 0 | 1 | 2, column: 0 | 1 | 2) => number): Matrix {
  const row = (index: 0 | 1 | 2): Vector => [cell(index, 0), cell(index, 1), cell(index, 2)];
  return [row(0), row(1), row(2)];
}

function transpose(of: Matrix): Matrix {
  return matrix((row, column) => of[column]![row]!);
}

function multiply(left: Matrix, right: Matrix): Matrix {
  return matrix((row, column) => [0, 1, 2].reduce((sum, at) => sum + left[row]![at]! * right[at]![column]!, 0));
}

function apply(of: Matrix, [x, y, z]: Vector): Vector {
  const row = ([a, b, c]: Vector) => a * x + b * y + c * z;
  return [row(of[0]), row(of[1]), row(of[2])];
}

function invert(of: Matrix): Matrix {
  const cofactor = (row: number, column: number) => {
    const [r1, r2, c1, c2] = [(row + 1) % 3, (row + 2) % 3, (column + 1) % 3, (column + 2) % 3];
    return of[r1]![c1]! * of[r2]![c2]! - of[r1]![c2]! * of[r2]![c1]!;
  };
  const determinant = [0, 1, 2].reduce((sum, column) => sum + of[0][column]! * cofactor(0, column), 0);
  return matrix((row, column) => cofactor(column, row) / determinant);
}
