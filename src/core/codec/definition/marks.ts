/**
 * Whether a file's first bytes are those of a format.
 * @param start 16 of them as Latin-1, or fewer in a shorter file @param head 512 of them
 */
export type Mark = (start: string, head: Buffer) => boolean;

export function startsWith(...marks: string[]): Mark {
  return (start) => marks.some((mark) => start.startsWith(mark));
}

export function isOneOf(byte: number | undefined, ...bytes: number[]): boolean {
  return byte !== undefined && bytes.includes(byte);
}
