/**
 * An XMP packet without what it says of things that are not in the result: a gain map, a depth map, a motion photo's
 * film, a second packet. A reader that trusted it would look for them behind the picture. The rest stays byte for byte;
 * what cannot be read as XML stays as it is.
 */
export function dropClaims(xmp: Uint8Array): Uint8Array {
  return dropNames(xmp, CLAIMS);
}

/** An XMP packet without all names of a space, in the same way. */
export function dropSpace(xmp: Uint8Array, space: string): Uint8Array {
  return dropNames(xmp, [{ space, names: ALL }]);
}

function dropNames(xmp: Uint8Array, unwanted: readonly SpacedNames[]): Uint8Array {
  const text = Buffer.from(xmp.buffer, xmp.byteOffset, xmp.byteLength).toString('latin1');
  const isClaim = claimsOf(text, unwanted);
  if (isClaim === null) return xmp;
  let kept = '';
  let at = 0;
  // Elements that are open, from the one that is left out on.
  const inside: string[] = [];
  for (const { start, end, name, kind } of tagsIn(text)) {
    const isKept = inside.length === 0;
    if (isKept) kept += text.slice(at, start);
    at = end;
    if (kind === 'open' && (!isKept || isClaim(name))) inside.push(name);
    else if (kind === 'close' && !isKept) {
      if (inside.pop() !== name) return xmp;
    } else if (isKept && !isClaim(name)) kept += withoutAttributes(text.slice(start, end), isClaim);
  }
  return inside.length > 0 ? xmp : Buffer.from(kept + text.slice(at), 'latin1');
}

type IsClaim = (qualifiedName: string) => boolean;

/** null: nothing of these name spaces is in the packet. */
function claimsOf(text: string, unwanted: readonly SpacedNames[]): IsClaim | null {
  const claims = new Map<string, RegExp>();
  for (const [, prefix = '', space = ''] of text.matchAll(/xmlns:([\w.-]+)\s*=\s*["']([^"']*)["']/g)) {
    const names = unwanted.find((claim) => space.startsWith(claim.space))?.names;
    if (names !== undefined) claims.set(prefix, names);
  }
  if (claims.size === 0) return null;
  return (name) => {
    const [prefix = '', local = ''] = name.split(':', 2);
    return claims.get(prefix)?.test(local) ?? false;
  };
}

const ALL = /^/;
const GOOGLE = 'http://ns.google.com/photos/';

interface SpacedNames {
  /** Its beginning. */
  readonly space: string;
  readonly names: RegExp;
}

/** Adobe's and Android's Ultra HDR, Google's motion photo, depth map and dynamic depth formats, Apple's gain map. */
const CLAIMS: readonly SpacedNames[] = [
  { space: 'http://ns.adobe.com/hdr-gain-map/', names: ALL },
  { space: 'http://ns.adobe.com/xmp/note/', names: /^HasExtendedXMP$/ },
  { space: `${GOOGLE}1.0/camera/`, names: /^(MotionPhoto|MicroVideo)/ },
  ...['1.0/container/', '1.0/depthmap/', '1.0/image/', '1.0/audio/', 'dd/'].map((name) => ({
    space: `${GOOGLE}${name}`,
    names: ALL,
  })),
  { space: 'http://ns.apple.com/HDRGainMap/', names: ALL },
  { space: 'http://ns.apple.com/pixeldatainfo/', names: ALL },
];

interface Tag {
  readonly start: number;
  readonly end: number;
  readonly name: string;
  /** `other`: an element without content, a comment or an instruction. */
  readonly kind: 'open' | 'close' | 'other';
}

/** Up to the first tag that does not end. */
function* tagsIn(text: string): Iterable<Tag> {
  for (let start = text.indexOf('<'); start >= 0; ) {
    const end = tagEnd(text, start);
    if (end === null) return;
    const closes = text[start + 1] === '/';
    const isElement = text[start + 1] !== '?' && text[start + 1] !== '!';
    const [name = ''] = /^[\w.:-]*/.exec(text.slice(start + (closes ? 2 : 1), Math.min(end, start + 200))) ?? [];
    const kind = !isElement || text[end - 2] === '/' ? 'other' : closes ? 'close' : 'open';
    yield { start, end, name, kind };
    start = text.indexOf('<', end);
  }
}

function tagEnd(text: string, start: number): number | null {
  if (text.startsWith('<!--', start)) return endOf(text, '-->', start);
  if (text.startsWith('<?', start)) return endOf(text, '?>', start);
  for (let at = start + 1; at < text.length; at++) {
    const letter = text[at]!;
    if (letter === '>') return at + 1;
    if (letter !== '"' && letter !== "'") continue;
    at = text.indexOf(letter, at + 1);
    if (at < 0) return null;
  }
  return null;
}

function endOf(text: string, mark: string, from: number): number | null {
  const at = text.indexOf(mark, from);
  return at < 0 ? null : at + mark.length;
}

function withoutAttributes(tag: string, isClaim: IsClaim): string {
  return tag.replace(/\s([\w.-]+:[\w.-]+)\s*=\s*(?:"[^"]*"|'[^']*')/g, (all, name: string) =>
    isClaim(name) ? '' : all,
  );
}
