/**
 * Makes P pictures of an MPEG-4 film in AVI into ones that are "not coded" (ISO/IEC 14496-2, vop_coded = 0): seven
 * bytes that mean "as before", as encoders write them for frames that a capture has lost. What is left over is filled
 * up.
 * @param isChosen by the number of the picture in the file.
 * @returns how many.
 */
export function dropPictures(avi: Buffer, isChosen: (picture: number) => boolean): number {
  let dropped = 0;
  let picture = -1;
  for (let at = avi.indexOf('movi') + 4; at + 8 < avi.length; ) {
    const id = avi.toString('latin1', at, at + 4);
    const size = avi.readUInt32LE(at + 4);
    const whole = size + (size & 1);
    if (id === 'idx1') break;
    if (id === '00dc' && size > 0 && isChosen(++picture)) {
      clearCoded(avi.subarray(at + 8, at + 8 + size));
      avi.writeUInt32LE(7, at + 4);
      avi.write('JUNK', at + 16, 'latin1');
      avi.writeUInt32LE(whole - 16, at + 20);
      dropped++;
    }
    at += 8 + whole;
  }
  return dropped;
}

/** Of a picture at 25 frames a second, whose time takes five bits. */
function clearCoded(vop: Buffer): void {
  const bit = (place: number) => (vop[place >> 3]! >> (7 - (place & 7))) & 1;
  // Start code and type, then a 1 for each whole second and a 0, a marker, the time, a marker.
  let place = 34;
  if (vop.readUInt32BE(0) !== 0x1b6 || bit(33) !== 1 || vop.length < 16) throw new Error('Expected a P picture.');
  while (bit(place++) === 1);
  place += 7;
  vop[place >> 3]! &= ~(1 << (7 - (place & 7)));
}
