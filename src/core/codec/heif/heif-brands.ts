/** Major and compatible brands of an ISO media file; none if it is not one. @param head up to 512 bytes */
export function heifBrands(head: Buffer): string[] {
  const text = (start: number, end: number) => head.toString('latin1', start, end);
  if (text(4, 8) !== 'ftyp') return [];
  const end = Math.min(head.readUInt32BE(0), head.length);
  const brands = [text(8, 12)];
  for (let at = 16; at + 4 <= end; at += 4) brands.push(text(at, at + 4));
  return brands;
}
