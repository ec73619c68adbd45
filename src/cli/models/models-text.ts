import { byteText } from '../../core/byte-text.ts';
import type { CatalogueModel, ListedModel, ModelDescriptor, PullEvent } from '../../core/model/index.ts';
import { sizeText } from '../../core/pixels/geometry.ts';
import { alignColumns } from '../table.ts';

/** What `upreel models info` knows of one network. */
export interface ModelInfo {
  readonly descriptor: ModelDescriptor;
  readonly catalogued: CatalogueModel | null;
  readonly files: readonly { readonly path: string; readonly bytes: number; readonly sha256: string }[];
}

export function listTable(models: readonly (ListedModel & { readonly presets: string })[]): string {
  const rows = models.map((model) => [
    `${model.id}${model.isDefault ? ' (default)' : ''}`,
    model.scale === null ? '-' : `${model.scale}x`,
    byteText(model.bytes),
    STATES[model.state],
    model.licence ?? '-',
    model.presets || '-',
    model.suits ?? '-',
  ]);
  return alignColumns([['MODEL', 'SCALE', 'SIZE', 'HERE', 'LICENCE', 'PRESETS', 'SUITS'], ...rows]);
}

const STATES: Readonly<Record<ListedModel['state'], string>> = {
  cached: 'yes',
  folder: 'UPREEL_MODELS',
  damaged: 'damaged',
  absent: '-',
};

export function infoText({ descriptor, catalogued, files }: ModelInfo): string {
  const { receptiveFieldPx: field, alignPx, fixedPx } = descriptor;
  const rows = [
    ['architecture', `${descriptor.architecture} (${descriptor.summary})`],
    ['decided by', descriptor.decidedBy.join(', ')],
    ['scale', `${descriptor.scale}x`],
    ['receptive field', field === null ? unbounded(descriptor) : `radius ${field} px`],
    ...(alignPx === 1 ? [] : [['alignment', `${alignPx} px`]]),
    ...(fixedPx === null ? [] : [['runs on', `${sizeText(fixedPx)} px only`]]),
    ['parameters', descriptor.parameters.toLocaleString('en')],
    ['work', `${(descriptor.flopsPerPixel / 1e6).toFixed(2)} MFLOP per input pixel`],
    ['network', descriptor.contentHash],
    ...files.flatMap(({ path, bytes, sha256 }) => [
      ['file', `${path} (${byteText(bytes)})`],
      ['sha256', sha256],
    ]),
    ...(catalogued === null
      ? []
      : [
          ['suits', catalogued.suits],
          ['licence', catalogued.licence],
          ['made by', `${catalogued.author}, ${catalogued.homepage}`],
        ]),
  ];
  return `${descriptor.id}\n${alignColumns(rows.map((row) => ['', ...row]))}`;
}

function unbounded({ seesAll }: ModelDescriptor): string {
  return seesAll ? 'the whole picture' : 'not known';
}

export function pullLine({ model, bytesDone, bytesTotal, from }: PullEvent): string {
  const percent = Math.floor((100 * bytesDone) / bytesTotal);
  return `Fetching ${model} from ${from}: ${percent} % of ${byteText(bytesTotal)}`;
}
