/** A word of a shell, in single quotes as sh, bash, zsh and fish take them. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
