import { UpreelError } from '../../core/errors.ts';

/**
 * The lines of a stream, without their line feeds. What is not read yet stays in the stream: a sender that is quicker
 * than its reader waits.
 * @throws UpreelError `usage` for a line longer than `maxLength` characters.
 */
export async function* readLines(stream: NodeJS.ReadableStream, maxLength: number): AsyncGenerator<string> {
  let parts: string[] = [];
  let length = 0;
  stream.setEncoding('utf8');
  for await (const chunk of stream as AsyncIterable<string>) {
    let start = 0;
    for (let end = chunk.indexOf('\n'); end >= 0; end = chunk.indexOf('\n', start)) {
      yield parts.join('') + chunk.slice(start, end);
      parts = [];
      length = 0;
      start = end + 1;
    }
    parts.push(chunk.slice(start));
    length += chunk.length - start;
    if (length > maxLength) throw new UpreelError('usage', `Expected lines of at most ${maxLength} characters.`);
  }
}
