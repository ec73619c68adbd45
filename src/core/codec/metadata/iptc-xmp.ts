import { type IptcField, iptcDecoder, readIptc } from './iptc.ts';
import { iptcRecords } from './metadata.ts';
import { addDescription, openPacket, prefixesOf, xmlText } from './xmp-packet.ts';

/**
 * An XMP packet that also says what IPTC fields say, where it has no such property yet: it may be newer, and counts.
 * @param iptc Photoshop resources
 * @returns the fields that have no place in it ("2:12") in `lost`; all of them if the packet cannot be added to.
 * @see IPTC Photo Metadata Standard, "IPTC Core"; Metadata Working Group, "Guidelines for Handling Image Metadata"
 */
export function addIptcToXmp(
  xmp: Uint8Array | null,
  iptc: Uint8Array,
): { readonly xmp: Uint8Array | null; readonly lost: readonly string[] } {
  const fields = readIptc(iptcRecords(iptc) ?? Buffer.alloc(0)).filter(({ value }) => value.length > 0);
  const ids = [...new Set(fields.map(({ id }) => id))].filter((id) => !TECHNICAL.has(id));
  const lost = ids.filter((id) => PROPERTIES[id === TIME ? DATE : id] === undefined);
  const packet = openPacket(xmp);
  if (packet === null) return { xmp, lost: ids };
  const decode = iptcDecoder(fields);
  const properties = Object.entries(PROPERTIES).flatMap(([id, property]) => {
    const values = fields.filter((field) => field.id === id).map(({ value }) => decode(value));
    if (values.length === 0 || hasProperty(packet.text, property)) return [];
    return [element(packet.rdf, property, id === DATE ? [isoDate(values[0]!, timeOf(fields, decode))] : values)];
  });
  if (properties.length === 0) return { xmp, lost };
  return { xmp: addDescription(packet, properties.join(''), NAMESPACES), lost };
}

/** How a property's values stand in RDF: a text, one per language, an unordered or an ordered list. */
type Form = 'text' | 'Alt' | 'Bag' | 'Seq';
type Property = readonly [prefix: keyof typeof NAMESPACES, name: string, form: Form];

const NAMESPACES = {
  dc: 'http://purl.org/dc/elements/1.1/',
  photoshop: 'http://ns.adobe.com/photoshop/1.0/',
  Iptc4xmpCore: 'http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/',
} as const;

const DATE = '2:55';
const TIME = '2:60';
/** Versions and the character set. */
const TECHNICAL: ReadonlySet<string> = new Set(['1:0', '1:90', '2:0']);

const PROPERTIES: Readonly<Record<string, Property>> = {
  '2:5': ['dc', 'title', 'Alt'],
  '2:10': ['photoshop', 'Urgency', 'text'],
  '2:15': ['photoshop', 'Category', 'text'],
  '2:20': ['photoshop', 'SupplementalCategories', 'Bag'],
  '2:25': ['dc', 'subject', 'Bag'],
  '2:40': ['photoshop', 'Instructions', 'text'],
  [DATE]: ['photoshop', 'DateCreated', 'text'],
  '2:80': ['dc', 'creator', 'Seq'],
  '2:85': ['photoshop', 'AuthorsPosition', 'text'],
  '2:90': ['photoshop', 'City', 'text'],
  '2:92': ['Iptc4xmpCore', 'Location', 'text'],
  '2:95': ['photoshop', 'State', 'text'],
  '2:100': ['Iptc4xmpCore', 'CountryCode', 'text'],
  '2:101': ['photoshop', 'Country', 'text'],
  '2:103': ['photoshop', 'TransmissionReference', 'text'],
  '2:105': ['photoshop', 'Headline', 'text'],
  '2:110': ['photoshop', 'Credit', 'text'],
  '2:115': ['photoshop', 'Source', 'text'],
  '2:116': ['dc', 'rights', 'Alt'],
  '2:120': ['dc', 'description', 'Alt'],
  '2:122': ['photoshop', 'CaptionWriter', 'text'],
};

/** As an element or as an attribute, under whatever prefix the packet gives its namespace. */
function hasProperty(text: string, [prefix, name]: Property): boolean {
  return prefixesOf(text, NAMESPACES[prefix]).some((bound) => new RegExp(`[<\\s]${bound}:${name}[\\s=>/]`).test(text));
}

function element(rdf: string, [prefix, name, form]: Property, values: readonly string[]): string {
  const items = form === 'Alt' ? values.slice(0, 1) : values;
  const language = form === 'Alt' ? ' xml:lang="x-default"' : '';
  const list = items.map((value) => `<${rdf}li${language}>${xmlText(value)}</${rdf}li>`).join('');
  const content = form === 'text' ? xmlText(values[0]!) : `<${rdf}${form}>${list}</${rdf}${form}>`;
  return `<${prefix}:${name}>${content}</${prefix}:${name}>`;
}

function timeOf(fields: readonly IptcField[], decode: (value: Buffer) => string): string {
  const time = fields.find(({ id }) => id === TIME);
  return time === undefined ? '' : decode(time.value);
}

/** CCYYMMDD and HHMMSS±HHMM as ISO 8601; month and day of 0 are unknown. */
function isoDate(date: string, time: string): string {
  const [, year, month, day] = /^(\d{4})(\d\d)(\d\d)$/.exec(date) ?? [];
  if (year === undefined) return date;
  if (month === '00' || day === '00') return month === '00' ? year : `${year}-${month}`;
  const [, clock = null, zone = null] = /^(\d{6})([+-]\d{4})?/.exec(time) ?? [];
  if (clock === null) return `${year}-${month}-${day}`;
  return `${year}-${month}-${day}T${clock.replace(/(..)(..)(..)/, '$1:$2:$3')}${zone?.replace(/(...)(..)/, '$1:$2') ?? ''}`;
}
