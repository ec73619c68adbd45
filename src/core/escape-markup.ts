/** For text between tags and in attributes: of HTML, and of Pango, which draws captions. */
export function escapeMarkup(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
