/**
 * Compiles a gettext catalogue (.po: comments, msgid, msgstr) to what programs read (.mo): a header of seven numbers,
 * two tables of lengths and offsets sorted by the original, and the texts. @see GNU gettext manual, "The Format of GNU
 * MO Files"
 */
export function compileCatalogue(po: string): Uint8Array {
  const messages = [...readMessages(po)].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const texts = [messages.map(([original]) => original), messages.map(([, translation]) => translation)];
  const tableBytes = messages.length * 8;
  const head = Buffer.alloc(28 + 2 * tableBytes);
  [0x950412de, 0, messages.length, 28, 28 + tableBytes, 0, 28 + 2 * tableBytes].forEach((value, index) => {
    head.writeUInt32LE(value, index * 4);
  });
  const parts: Buffer[] = [head];
  let offset = head.length;
  texts.flat().forEach((text, index) => {
    const bytes = Buffer.from(`${text}\0`);
    head.writeUInt32LE(bytes.length - 1, 28 + index * 8);
    head.writeUInt32LE(offset, 32 + index * 8);
    offset += bytes.length;
    parts.push(bytes);
  });
  return Buffer.concat(parts);
}

/** Original and translation; those without a translation are left out. The empty original is the catalogue's header. */
export function readMessages(po: string): Map<string, string> {
  const messages = new Map<string, string>();
  let current = { msgid: '', msgstr: '' };
  let field: 'msgid' | 'msgstr' = 'msgid';
  const keep = (): void => {
    if (current.msgstr !== '') messages.set(current.msgid, current.msgstr);
  };
  for (const line of po.split(/\r?\n/)) {
    const match = /^(msgid|msgstr)?\s*(".*")\s*$/.exec(line);
    if (!match) continue;
    if (match[1] === 'msgid') {
      keep();
      current = { msgid: '', msgstr: '' };
    }
    field = (match[1] as typeof field | undefined) ?? field;
    current[field] += JSON.parse(match[2]!) as string;
  }
  keep();
  return messages;
}
