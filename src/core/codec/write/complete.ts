import type { CompletionContext, RowWriting } from '../definition/written-format.ts';
import { readTiffRows } from '../tiff/tiff-pages.ts';
import { type Encoding, stillWriting } from './encode.ts';

/** Makes the complete file of what libvips has encoded (`carried`): its name. */
export async function completeFile(
  pageFiles: readonly string[],
  encoding: Encoding,
  context: CompletionContext,
): Promise<string> {
  const writing = stillWriting(encoding.format);
  return writing.by === 'rows'
    ? await writeRows(pageFiles[0] ?? '', writing, encoding, context)
    : await writing.complete(pageFiles, encoding, context);
}

async function writeRows(
  tiff: string,
  { create }: RowWriting,
  encoding: Encoding,
  { newFile, extension }: CompletionContext,
): Promise<string> {
  const file = await create(await newFile(extension), { ...encoding, ...encoding.size });
  try {
    for await (const rows of readTiffRows(tiff)) await file.write(rows);
    return await file.finish();
  } finally {
    await file.discard();
  }
}
