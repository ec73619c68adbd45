import { byteText } from '../../core/byte-text.ts';
import { directFile, runsShared, type SharedModel, sizeOfShared } from '../../core/model/shared/index.ts';
import { alignColumns } from '../table.ts';

/** More rows are no help: more words are. */
const MAX_ROWS = 40;

/** A row for each: what `models pull` takes, and whether it can be had and run. */
export function sharedTable(models: readonly SharedModel[]): string {
  const rows = models
    .slice(0, MAX_ROWS)
    .map((model) => [
      `omdb:${model.id}`,
      `${model.scale}x`,
      model.architecture,
      model.authors.join(', '),
      model.licence ?? 'no licence said',
      model.date,
      describeSize(model),
      runsShared(model.architecture) ? '' : 'upreel does not run it',
      directFile(model) === null ? 'with a browser' : '',
    ]);
  const rest = models.length - rows.length;
  const more = rest > 0 ? `\n... and ${rest} more: add words` : '';
  return `${alignColumns(rows)}${more}\nFetch one: upreel models pull omdb:ID. Pages: ${pageOf(models[0]!)}`;
}

function describeSize(model: SharedModel): string {
  const bytes = sizeOfShared(model);
  return bytes === null ? '' : byteText(bytes);
}

function pageOf({ page, id }: SharedModel): string {
  return `${page.slice(0, -id.length)}ID`;
}

/** For programs. */
export function sharedRecord(model: SharedModel): object {
  const { id, name, authors, licence, tags, date, architecture, scale, page } = model;
  const [bytes, direct] = [sizeOfShared(model), directFile(model)];
  return {
    id,
    name,
    authors,
    licence,
    tags,
    date,
    architecture,
    scale,
    bytes,
    page,
    runs: runsShared(architecture),
    sha256: direct?.sha256 ?? null,
    url: direct?.url ?? null,
  };
}

export function staleLine({ at, stale }: { readonly at: Date; readonly stale: string | null }): string {
  return `The list is of ${at.toISOString().slice(0, 10)}: it could not be fetched now (${stale}).`;
}
