import { isAllowedUrl } from '../catalogue.ts';
import type { SharedFile, SharedModel } from './list.ts';

/** Those in which every word occurs, in any case: first those whose name has all of them, then the newest. */
export function findShared(models: readonly SharedModel[], words: readonly string[]): SharedModel[] {
  const wanted = words.flatMap((word) => word.toLowerCase().split(/\s+/)).filter(Boolean);
  const has = (text: string) => wanted.every((word) => text.toLowerCase().includes(word));
  const nameOf = ({ id, name }: SharedModel) => `${id} ${name}`;
  const textOf = (model: SharedModel) =>
    [nameOf(model), ...model.authors, model.architecture, ...model.tags, `${model.scale}x`, `x${model.scale}`].join(
      ' ',
    );
  const rank = (model: SharedModel) => (has(nameOf(model)) ? 0 : 1);
  return models
    .filter((model) => has(textOf(model)))
    .toSorted((a, b) => rank(a) - rank(b) || b.date.localeCompare(a.date) || a.id.localeCompare(b.id));
}

/** A file that can be fetched without a browser. */
export interface DirectFile {
  readonly extension: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly url: string;
}

const EXTENSIONS = ['.safetensors', '.pth', '.onnx'] as const;

/** The first that can be had directly; those that tell their kind by their ending, safetensors before others. */
export function directFile({ files }: SharedModel): DirectFile | null {
  for (const extension of EXTENSIONS) {
    for (const { size, sha256, urls } of files) {
      const url = urls.find((it) => isDirect(it, extension));
      if (url !== undefined) return { extension, bytes: size, sha256, url };
    }
  }
  return null;
}

function isDirect(url: string, extension: string): boolean {
  return URL.canParse(url) && isAllowedUrl(url) && new URL(url).pathname.toLowerCase().endsWith(extension);
}

/** For people: the size of what one would fetch. */
export function sizeOfShared({ files }: Pick<SharedModel, 'files'>): number | null {
  const [first] = files as readonly SharedFile[];
  return first?.size ?? null;
}
