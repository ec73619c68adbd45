import { leftOutNote } from '../metadata/metadata.ts';
import type { HeifFile, HeifItem, HeifMeta } from './heif-boxes.ts';
import { auxiliaryType } from './heif-picture.ts';

/** What a HEIF or AVIF file holds beside its primary picture, in sentences for people. Thumbnails are not worth one. */
export function heifExtras({ meta, boxes }: HeifFile, path: string): string[] {
  const pictures = meta === null ? 0 : countPictures(meta);
  const besides = new Set<string>();
  for (const item of meta?.items.values() ?? []) {
    if (item.type === 'tmap') besides.add(GAIN_MAP);
    const kind = AUXILIARIES.find(({ mark }) => mark.test(auxiliaryType(item)));
    if (kind !== undefined) besides.add(kind.what);
  }
  // The film of a motion photo (Google, Samsung), or an image sequence.
  if (boxes.includes('mpvd') || boxes.includes('moov')) besides.add('a film');
  return [
    ...(pictures > 1 ? [`${path} holds ${pictures} pictures: the primary one is read.`] : []),
    ...leftOutNote(path, [...besides]),
  ];
}

export const GAIN_MAP = 'a gain map for HDR screens';
export const DEPTH_MAP = 'a depth map';

const AUXILIARIES = [
  { mark: /hdrgainmap/i, what: GAIN_MAP },
  { mark: /auxid:2$|depth|disparity/i, what: DEPTH_MAP },
  { mark: /matte|segmentation/i, what: 'masks' },
] as const;

/** Those that stand for themselves: no thumbnails, no parts of a grid, nothing that says more of another. */
function countPictures({ items, references }: HeifMeta): number {
  const parts = new Set(references.filter(({ type }) => type === 'dimg').flatMap(({ to }) => to));
  const helpers = new Set(
    references.filter(({ type }) => type === 'thmb' || type === 'auxl' || type === 'cdsc').map(({ from }) => from),
  );
  const stands = ({ id, type, hidden }: HeifItem) =>
    PICTURE_TYPES.test(type) && !hidden && !parts.has(id) && !helpers.has(id);
  return [...items.values()].filter(stands).length;
}

const PICTURE_TYPES = /^(hvc1|lhv1|av01|avc1|vvc1|evc1|jpeg|j2k1|unci|grid|iovl|iden)$/;
