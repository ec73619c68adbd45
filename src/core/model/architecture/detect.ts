import type { UpreelError } from '../../errors.ts';
import type { StateDict } from '../checkpoint/state-dict.ts';
import type { Graph } from '../graph/graph.ts';
import { asOpaque } from '../graph/opaque.ts';
import type { Recognition } from '../import/recognise.ts';
import { unsupported } from '../import/refusal.ts';
import type { Program } from '../program/program.ts';
import type { ArchitectureImporter } from './architecture.ts';
import { atd } from './atd.ts';
import { compact } from './compact.ts';
import { craft } from './craft.ts';
import { dat } from './dat.ts';
import { dctlsa } from './dctlsa.ts';
import { ditn } from './ditn.ts';
import { dncnn } from './dncnn.ts';
import { drct } from './drct.ts';
import { drunet } from './drunet.ts';
import { edsr } from './edsr.ts';
import { espcn } from './espcn.ts';
import { fbcnn } from './fbcnn.ts';
import { fdat } from './fdat.ts';
import { fsrcnn } from './fsrcnn.ts';
import { grl } from './grl.ts';
import { hat } from './hat.ts';
import { imdn } from './imdn.ts';
import { nameUnsupported } from './known-elsewhere.ts';
import { mdsr } from './mdsr.ts';
import { mmRealSr } from './mm-real-sr.ts';
import { mosr } from './mosr.ts';
import { msrn } from './msrn.ts';
import { msrresnet } from './msrresnet.ts';
import { nafnet } from './nafnet.ts';
import { omnisr } from './omnisr.ts';
import { plksr } from './plksr.ts';
import { rcan } from './rcan.ts';
import { realCugan } from './real-cugan.ts';
import { rfdn } from './rfdn.ts';
import { rgt } from './rgt.ts';
import { rlfn } from './rlfn.ts';
import { rrdb } from './rrdb.ts';
import { safmn } from './safmn.ts';
import { scunet } from './scunet.ts';
import { seemore } from './seemore.ts';
import { span } from './span.ts';
import { spanPlus } from './span-plus.ts';
import { spanf } from './spanf.ts';
import { spsr } from './spsr.ts';
import { srcnn } from './srcnn.ts';
import { srformer } from './srformer.ts';
import { srresnets } from './srresnet.ts';
import { swiftSrgan } from './swift-srgan.ts';
import { swin2sr } from './swin2sr.ts';
import { swinir } from './swinir.ts';

export type BuiltNetwork = BuiltParts & (BuiltGraph | BuiltProgram);

interface BuiltParts {
  readonly recognition: Recognition;
  /** Under the family's own names. */
  readonly weights: StateDict;
}

export interface BuiltGraph {
  readonly kind: 'graph';
  readonly graph: Graph;
}

export interface BuiltProgram {
  readonly kind: 'program';
  readonly program: Program;
}

/** The first that recognises the keys builds the network: descendants stand before those whose keys they have, too. */
const IMPORTERS: readonly ArchitectureImporter[] = [
  mmRealSr,
  spsr,
  rrdb,
  compact,
  span,
  spanf,
  rlfn,
  msrresnet,
  mdsr,
  edsr,
  msrn,
  rcan,
  ...srresnets,
  swiftSrgan,
  imdn,
  rfdn,
  fsrcnn,
  espcn,
  srcnn,
  plksr,
  dat,
  rgt,
  hat,
  srformer,
  swinir,
  swin2sr,
  omnisr,
  drct,
  atd,
  mosr,
  realCugan,
  spanPlus,
  safmn,
  nafnet,
  scunet,
  fbcnn,
  drunet,
  ditn,
  dctlsa,
  seemore,
  craft,
  fdat,
  grl,
  dncnn,
];

/**
 * The network whose weights these are; the file's name tells what a few old networks do not hold.
 * @param denoise see `NetworkOptions`, for those that are told how strong noise is; others throw `usage`
 * @throws UpreelError `model-unsupported` (names what it is, or the nearest miss), `model-refused` (does not fit)
 */
export function buildFromWeights(weights: StateDict, fileName: string, denoise?: number): BuiltNetwork {
  const foreign = nameUnsupported(weights);
  if (foreign !== undefined) {
    throw unsupported(
      `These are weights of ${foreign.name} (${foreign.key} tells), a network that upreel does not run.`,
    );
  }
  for (const importer of IMPORTERS) {
    const state = importer.recognise(weights);
    if (state !== undefined) return buildWith(importer, state, fileName, denoise);
  }
  throw nothingMatches(weights);
}

function buildWith(
  importer: ArchitectureImporter,
  state: StateDict,
  fileName: string,
  denoise: number | undefined,
): BuiltNetwork {
  const { network, summary } = importer.import(state, fileName, denoise);
  const [extra] = state.unused;
  if (extra !== undefined) {
    throw unsupported(
      `This looks like ${importer.title}, but has weights that such a network does not: ${state.unused.length} of them, such as ${state.nameInFile(extra).slice(0, 80)}.`,
    );
  }
  const decidedBy = importer.requiredKeys.filter((key) => state.has(key)).map((key) => state.nameInFile(key));
  const recognition = { architecture: importer.architecture, summary, decidedBy };
  return 'steps' in network
    ? { kind: 'program', program: network, recognition, weights: state }
    : { kind: 'graph', graph: asOpaque(network), recognition, weights: state };
}

function nothingMatches(weights: StateDict): UpreelError {
  const [nearest] = IMPORTERS.map((importer) => {
    const missing = importer.requiredKeys.filter((key) => !weights.has(key));
    return { importer, missing, found: importer.requiredKeys.length - missing.length };
  }).toSorted((a, b) => b.found - a.found);
  const seen = weights.keys.slice(0, 5).join(', ').slice(0, 200);
  const nearMiss =
    nearest === undefined || nearest.found === 0
      ? ''
      : ` Nearest is ${nearest.importer.title}, which would have ${nearest.missing.slice(0, 3).join(', ') || 'other shapes'}.`;
  return unsupported(
    `No network that upreel runs has these weights (${weights.keys.length}: ${seen}, ...).${nearMiss}`,
  );
}
