import { basename, extname } from 'node:path';
import { greatestCommonDivisor } from '../../pixels/divisors.ts';
import { type BuiltNetwork, buildFromWeights } from '../architecture/detect.ts';
import { cannotBeTold } from '../architecture/noise-level.ts';
import { COLOUR_FIX_VERSION } from '../cache/known-networks.ts';
import { looksLikeCheckpoint, readCheckpoint } from '../checkpoint/read-checkpoint.ts';
import { readModelFile } from '../checkpoint/read-model-file.ts';
import type { ModelDescriptor, NetworkTarget, NetworkVariant } from '../descriptor.ts';
import { contentHash } from '../graph/content-hash.ts';
import type { Graph } from '../graph/graph.ts';
import { alignment, receptiveField } from '../graph/receptive-field.ts';
import { isWindowExact } from '../graph/window-exact.ts';
import { countFlopsPerPixel, countParameters } from '../graph/work.ts';
import { importNcnn } from '../ncnn/import-ncnn.ts';
import { type ColourSource, SOURCE_COLOUR_REACH_PX, withColours } from '../onnx/colour-fix.ts';
import { withExternalData } from '../onnx/external-data.ts';
import { coreOfForeign, hashForeign, sizeForeign, sourceSize } from '../onnx/foreign-core.ts';
import { importOnnx, type OnnxNetwork, type OnnxOptions } from '../onnx/import-onnx.ts';
import { readSidecar } from '../onnx/sidecar.ts';
import { coreOf, type NetworkCore, wrapNetwork } from '../onnx/wrap-network.ts';
import { coreOfProgram } from '../program/program.ts';
import { recognise } from './recognise.ts';
import { unsupported } from './refusal.ts';

export interface CheckpointFiles {
  readonly path: string;
  /** ncnn only: the .param; default: the .bin's name with .param */
  readonly paramPath?: string;
}

export interface ImportedNetwork {
  readonly descriptor: ModelDescriptor;
  /** ONNX bytes of the wrapped network. */
  wrap(variant: NetworkVariant): Uint8Array;
}

/**
 * Reads a checkpoint file of any known format as a network that can be run.
 * @param id becomes the descriptor's
 * @throws UpreelError `model-missing`, `model-refused` (hostile or damaged), `model-unsupported` (names what it is)
 */
export async function importNetwork(
  files: CheckpointFiles,
  id: string,
  onnx: OnnxOptions = {},
): Promise<ImportedNetwork> {
  return describeNetwork(await readNetwork(files, onnx), id);
}

type BuiltGraph = Extract<BuiltNetwork, { kind: 'graph' }>;
type ProgramNetwork = Extract<BuiltNetwork, { kind: 'program' }>;
type GraphNetwork = Omit<BuiltGraph, 'weights'> & Partial<Pick<BuiltGraph, 'weights'>>;
type ForeignNetwork = Extract<OnnxNetwork, { kind: 'foreign' }>;

/** A network whose layers are known; weights that came without names (ncnn) have none. */
export type NamedNetwork = GraphNetwork | ProgramNetwork;
/** A network as its file has it. */
export type ReadNetwork = NamedNetwork | ForeignNetwork;

/**
 * @param colour where the colours of its results come from
 * @throws UpreelError `model-unsupported` if upreel cannot run such a network
 */
export function describeNetwork(network: ReadNetwork, id: string, colour: ColourSource = 'network'): ImportedNetwork {
  const { descriptor, coreFor } = describe(network, id);
  return {
    descriptor: colouredDescriptor(descriptor, colour),
    wrap: (variant) => wrapNetwork(withColours(coreFor(variant.target), colour), variant),
  };
}

interface DescribedNetwork {
  readonly descriptor: ModelDescriptor;
  coreFor(target?: NetworkTarget): NetworkCore;
}

function describe(network: ReadNetwork, id: string): DescribedNetwork {
  switch (network.kind) {
    case 'graph':
      return describeGraph(network, id);
    case 'program':
      return describeProgram(network, id);
    case 'foreign':
      return describeForeign(network, id);
  }
}

function colouredDescriptor(descriptor: ModelDescriptor, colour: ColourSource): ModelDescriptor {
  if (colour === 'network') return descriptor;
  const { receptiveFieldPx: field } = descriptor;
  const isWhole = colour === 'adain';
  return {
    ...descriptor,
    contentHash: contentHash([descriptor.contentHash, colour, COLOUR_FIX_VERSION]),
    receptiveFieldPx: field === null || isWhole ? null : field + SOURCE_COLOUR_REACH_PX,
    windowExact: false,
    seesAll: descriptor.seesAll || isWhole,
    wholeOnly: isWhole,
  };
}

function describeGraph({ graph, recognition }: GraphNetwork, id: string): DescribedNetwork {
  const scale = scaleOf(graph);
  const descriptor: ModelDescriptor = {
    id,
    ...recognition,
    scale,
    ...seenBy(graph, scale),
    // Its layers are convolutions but for means over the picture, and maps that are stretched over it.
    seesAll: receptiveField(graph) === null,
    alignPx: alignment(graph),
    gridPx: 1,
    fixedPx: null,
    seams: 'narrow',
    wholeOnly: false,
    parameters: countParameters(graph),
    flopsPerPixel: countFlopsPerPixel(graph),
    contentHash: contentHash([graph.nodes, graph.output]),
  };
  return { descriptor, coreFor: (target) => coreOf(graph, target) };
}

/** What a pixel of the result depends on; for networks of luma, with the colours enlarged beside them. */
function seenBy(graph: Graph, scale: number): Pick<ModelDescriptor, 'receptiveFieldPx' | 'windowExact'> {
  const [radius, isExact] = [receptiveField(graph), isWindowExact(graph)];
  if (graph.shapes[0]?.channels !== 1 || scale === 1) return { receptiveFieldPx: radius, windowExact: isExact };
  return {
    receptiveFieldPx: radius === null ? null : Math.max(radius, BICUBIC_REACH_PX),
    windowExact: isExact && Number.isInteger(Math.log2(scale)),
  };
}

const BICUBIC_REACH_PX = 2;

function describeProgram({ program, recognition }: ProgramNetwork, id: string): DescribedNetwork {
  const { scale, gridPx, seesAll, parameters, flopsPerPixel, steps, output } = program;
  if (scale > MAX_SCALE) {
    throw unsupported(`The network enlarges ${scale} times; the limit is ${MAX_SCALE}.`);
  }
  const descriptor: ModelDescriptor = {
    id,
    ...recognition,
    scale,
    gridPx,
    seesAll,
    parameters,
    flopsPerPixel,
    receptiveFieldPx: null,
    windowExact: false,
    alignPx: 1,
    fixedPx: null,
    seams: 'narrow',
    wholeOnly: false,
    contentHash: contentHash([steps, output]),
  };
  return { descriptor, coreFor: () => coreOfProgram(program) };
}

function describeForeign({ model, use, size, seams }: ForeignNetwork, id: string): DescribedNetwork {
  const { fixedPx, enlargeFirst, samples } = use;
  const scale = enlargeFirst * size.scale;
  if (scale > MAX_SCALE) throw unsupported(`The network enlarges ${scale} times; the limit is ${MAX_SCALE}.`);
  const operators = [...new Set(model.nodes.map(({ operator }) => operator))];
  const descriptor: ModelDescriptor = {
    id,
    architecture: 'graph',
    summary: `ONNX run as it is, ${model.nodes.length} operators, samples ${samples.order} ${samples.black}..${samples.white}${enlargeFirst === 1 ? '' : `, pictures enlarged ${enlargeFirst}x before it`}`,
    decidedBy: ['found by trying it on a picture', `operators: ${operators.slice(0, 12).join(', ')}`],
    scale,
    alignPx: size.alignPx / greatestCommonDivisor(size.alignPx, enlargeFirst),
    fixedPx: fixedPx && sourceSize(fixedPx, enlargeFirst),
    seams,
    seesAll: seams === 'wide' || operators.some((operator) => SEE_ALL.has(operator)),
    wholeOnly: false,
    receptiveFieldPx: null,
    windowExact: false,
    gridPx: 1,
    ...sizeForeign(model),
    contentHash: hashForeign(model, use),
  };
  return { descriptor, coreFor: () => coreOfForeign(model, use, size.scale) };
}

/** Operators that reduce whole pictures; what attention of others takes in cannot be told. */
const SEE_ALL = new Set([
  ...['GlobalAveragePool', 'GlobalMaxPool', 'GlobalLpPool'],
  ...['InstanceNormalization', 'GroupNormalization'],
]);

/**
 * @param probes see `importOnnx`
 * @param denoise see `buildFromWeights`
 * @throws UpreelError as `importNetwork`, `usage`
 */
export async function readNetwork(
  files: CheckpointFiles,
  onnx: OnnxOptions = {},
  probes: string | null = null,
  denoise?: number,
): Promise<ReadNetwork> {
  const { path, paramPath } = files;
  const extension = extname(path).toLowerCase();
  if (extension === '.param') return readNcnn(withExtension(path, '.bin'), path, denoise);
  if (extension === '.onnx') {
    if (denoise !== undefined) throw cannotBeTold('an ONNX network');
    const bytes = await withExternalData(await readModelFile(path), path);
    const network = await importOnnx(bytes, onnx, probes, await readSidecar(path));
    return network.kind === 'graph' ? { ...network, recognition: recognise(network.graph) } : network;
  }
  if (paramPath !== undefined) return readNcnn(path, paramPath, denoise);
  const bytes = await readModelFile(path);
  // Hugging Face names torch checkpoints .bin too; their content tells.
  if (extension === '.bin' && !looksLikeCheckpoint(bytes))
    return readNcnn(path, withExtension(path, '.param'), denoise);
  return buildFromWeights(readCheckpoint(bytes), basename(path), denoise);
}

async function readNcnn(path: string, paramPath: string, denoise: number | undefined): Promise<ReadNetwork> {
  if (denoise !== undefined) throw cannotBeTold('an ncnn network');
  const graph = importNcnn(await readModelFile(paramPath), await readModelFile(path));
  return { kind: 'graph', graph, recognition: recognise(graph) };
}

function withExtension(path: string, extension: string): string {
  return path.slice(0, path.length - extname(path).length) + extension;
}

function scaleOf(graph: Graph): number {
  const output = graph.shapes[graph.output];
  const taken = graph.shapes[0]?.channels ?? 3;
  if (output === undefined || output.channels !== taken) {
    throw unsupported(
      `The network makes ${output?.channels ?? 0} channels, where upreel needs ${taken} (RGB or gray).`,
    );
  }
  const { height, width } = output;
  const scale = height.numerator / height.denominator;
  if (height.numerator * width.denominator !== width.numerator * height.denominator) {
    throw unsupported('The network enlarges height and width by different factors.');
  }
  if (scale > MAX_SCALE || alignment(graph) > MAX_SCALE) {
    throw unsupported(
      `The network enlarges ${scale} times in steps of ${alignment(graph)} pixels; the limit is ${MAX_SCALE}.`,
    );
  }
  if (!Number.isInteger(scale) || scale < 1 || height.offset !== 0 || width.offset !== 0) {
    const size = `${scale} times its input${height.offset === 0 ? '' : ` and ${height.offset} pixels`}`;
    throw unsupported(`The network's output is ${size} in height; upreel needs a whole number of times.`);
  }
  return scale;
}

const MAX_SCALE = 16;
