import { dropSpace } from './xmp-claims.ts';
import { addDescription, openPacket, prefixesOf, xmlText } from './xmp-packet.ts';

const SPACE = 'urn:upreel:made#';

/** An XMP packet that says how the picture is made, and no longer how its source was; as it is if it cannot be read. */
export function addMade(xmp: Uint8Array | null, made: string): Uint8Array | null {
  const packet = openPacket(xmp === null ? null : withoutMade(xmp));
  return packet === null
    ? xmp
    : addDescription(packet, `<upreel:made>${xmlText(made)}</upreel:made>`, { upreel: SPACE });
}

function withoutMade(xmp: Uint8Array): Uint8Array {
  const text = Buffer.from(dropSpace(xmp, SPACE)).toString('latin1');
  // What remains of it, so that a picture that is made again and again does not grow.
  const shell = new RegExp(`<([\\w.-]+:)Description [^<>]*xmlns:upreel="${SPACE}"(?:/>|>\\s*</\\1Description>)`, 'g');
  return Buffer.from(text.replace(shell, ''), 'latin1');
}

/** What a packet says of how its picture was made; null: nothing. */
export function readMade(xmp: Uint8Array): string | null {
  const text = openPacket(xmp)?.text;
  if (text === undefined) return null;
  for (const prefix of prefixesOf(text, SPACE)) {
    const name = `${prefix.replaceAll('.', '\\.')}:made`;
    const found = new RegExp(`<${name}>([^<]*)<|\\s${name}\\s*=\\s*"([^"]*)"|\\s${name}\\s*=\\s*'([^']*)'`).exec(text);
    if (found !== null) return plainText(found[1] ?? found[2] ?? found[3]!);
  }
  return null;
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/** Of a number that is no character, nothing is left. */
function plainText(xml: string): string {
  return xml.replace(/&(?:(\w+)|#(\d{1,7})|#x([\da-f]{1,6}));/gi, (all, name, decimal, hex) => {
    if (name !== undefined) return ENTITIES[name as string] ?? all;
    const code = decimal === undefined ? Number.parseInt(hex as string, 16) : Number(decimal);
    return code > 0x10ffff ? '' : String.fromCodePoint(code);
  });
}
