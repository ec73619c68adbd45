/** Whether a colour profile is sRGB, by whatever maker: its primaries, and its curve at mid-gray. @see ICC.1 */
export function isSrgbProfile(icc: Uint8Array): boolean {
  const bytes = Buffer.from(icc.buffer, icc.byteOffset, icc.byteLength);
  const close = (values: readonly number[] | null, expected: readonly number[]) =>
    values?.every((value, index) => Math.abs(value - expected[index]!) < 0.003) === true;
  return (
    close(xyz(tag(bytes, 'rXYZ')), [0.436, 0.2225, 0.0139]) &&
    close(xyz(tag(bytes, 'gXYZ')), [0.3851, 0.7169, 0.0971]) &&
    close(xyz(tag(bytes, 'bXYZ')), [0.1431, 0.0606, 0.7141]) &&
    ['rTRC', 'gTRC', 'bTRC'].every((name) => Math.abs(lightAtHalf(tag(bytes, name)) - 0.214) < 0.006)
  );
}

function tag(icc: Buffer, name: string): Buffer | null {
  if (icc.length < 132) return null;
  const count = Math.min(icc.readUInt32BE(128), 100);
  for (let at = 132; at + 12 <= icc.length && at < 132 + count * 12; at += 12) {
    if (icc.toString('latin1', at, at + 4) !== name) continue;
    const start = icc.readUInt32BE(at + 4);
    return icc.subarray(start, start + icc.readUInt32BE(at + 8));
  }
  return null;
}

function xyz(data: Buffer | null): number[] | null {
  if (data === null || data.length < 20) return null;
  return [8, 12, 16].map((at) => data.readInt32BE(at) / 65_536);
}

/** What a curve makes of 0.5; NaN if it is none that is known. */
function lightAtHalf(curve: Buffer | null): number {
  if (curve === null || curve.length < 14) return Number.NaN;
  const type = curve.toString('latin1', 0, 4);
  if (type === 'para') return parametricAtHalf(curve);
  if (type !== 'curv') return Number.NaN;
  const count = curve.readUInt32BE(8);
  if (count === 1) return 0.5 ** (curve.readUInt16BE(12) / 256);
  const middle = 12 + Math.floor((count - 1) / 2) * 2;
  return count < 256 || middle + 4 > curve.length
    ? Number.NaN
    : (curve.readUInt16BE(middle) + curve.readUInt16BE(middle + 2)) / 2 / 65_535;
}

/** Kinds 0 to 3 are a power of a straight line at 0.5. @see ICC.1, 10.18 */
function parametricAtHalf(curve: Buffer): number {
  const kind = curve.readUInt16BE(8);
  const count = [1, 3, 4, 5][kind];
  if (count === undefined || curve.length < 12 + count * 4) return Number.NaN;
  const [gamma = 1, a = 1, b = 0, c = 0] = Array.from(
    { length: count },
    (_, index) => curve.readInt32BE(12 + index * 4) / 65_536,
  );
  return (a * 0.5 + b) ** gamma + (kind === 2 ? c : 0);
}
