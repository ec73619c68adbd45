/** One field of an IPTC record: its record and dataset, as "2:120", and its bytes. */
export interface IptcField {
  readonly id: string;
  readonly value: Buffer;
}

/** The fields of IPTC records, as far as they are sane. @see IPTC IIM 4.2, chapter 3 */
export function readIptc(records: Buffer): readonly IptcField[] {
  const fields: IptcField[] = [];
  for (let at = 0; at + 5 <= records.length && records[at] === MARK; ) {
    let length = records.readUInt16BE(at + 3);
    let start = at + 5;
    if (length >= 0x8000) {
      // The number of bytes that the length takes.
      const lengthBytes = length & 0x7fff;
      if (lengthBytes < 1 || lengthBytes > 4 || start + lengthBytes > records.length) break;
      length = records.readUIntBE(start, lengthBytes);
      start += lengthBytes;
    }
    if (start + length > records.length) break;
    fields.push({ id: `${records[at + 1]}:${records[at + 2]}`, value: records.subarray(start, start + length) });
    at = start + length;
  }
  return fields;
}

const MARK = 0x1c;

/** Texts in the character set that field 1:90 names: UTF-8, else Latin-1. */
export function iptcDecoder(fields: readonly IptcField[]): (value: Buffer) => string {
  const isUtf8 = fields.some(({ id, value }) => id === '1:90' && value.toString('latin1') === '\x1b%G');
  return (value) => value.toString(isUtf8 ? 'utf8' : 'latin1');
}
