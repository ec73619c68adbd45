/** A place in an XMP packet for another description. */
export interface XmpPacket {
  readonly text: string;
  /** Before and after the place for another description. */
  readonly before: string;
  readonly after: string;
  /** The prefix of RDF's names, with its colon. */
  readonly rdf: string;
  /** What all descriptions are about, in its quotes. */
  readonly about: string;
}

/** null: it is no XMP in UTF-8. @param xmp null: a packet that says nothing. */
export function openPacket(xmp: Uint8Array | null): XmpPacket | null {
  const text = xmp === null ? EMPTY : utf8(xmp);
  const end = text === null ? undefined : [...text.matchAll(/<\/([\w.-]+:)RDF\s*>/g)].at(-1);
  if (text === null || end === undefined) return null;
  const [, rdf = ''] = end;
  const about = new RegExp(`\\b${rdf}about\\s*=\\s*("[^"]*"|'[^']*')`).exec(text)?.[1] ?? '""';
  return { text, before: text.slice(0, end.index), after: text.slice(end.index), rdf, about };
}

/** The packet with another description of properties, under these name spaces. */
export function addDescription(
  packet: XmpPacket,
  properties: string,
  spaces: Readonly<Record<string, string>>,
): Buffer {
  const { rdf, about, before, after } = packet;
  const bound = Object.entries(spaces).map(([prefix, name]) => `xmlns:${prefix}="${name}"`);
  const added = `<${rdf}Description ${rdf}about=${about} ${bound.join(' ')}>${properties}</${rdf}Description>`;
  return Buffer.from(`${before}${added}${after}`);
}

/** Without the control characters that XML cannot hold. */
export function xmlText(value: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is to go.
  const clean = value.replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, '');
  return clean.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}

/** Prefixes under which a packet has a name space. */
export function prefixesOf(text: string, space: string): string[] {
  const bindings = text.matchAll(/xmlns:([\w.-]+)\s*=\s*["']([^"']*)["']/g);
  return [...bindings].filter(([, , uri]) => uri === space).map(([, bound]) => bound!);
}

const EMPTY = [
  '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>',
  '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"></rdf:RDF>',
  '</x:xmpmeta><?xpacket end="w"?>',
].join('');

function utf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}
