import { z } from 'zod';
import { type FixedSize, sizeText } from '../../pixels/geometry.ts';
import { type NetworkProbe, openNetworkProbe } from '../../session/network-probe.ts';
import { SMALLEST_TILE_PX } from '../../tile/tile-size.ts';
import { adaptGraph, type SampleFormat } from '../graph/adapt-graph.ts';
import type { Graph } from '../graph/graph.ts';
import { refused, unsupported } from '../import/refusal.ts';
import { coreOfForeign, type ForeignUse } from './foreign-core.ts';
import type { ForeignModel } from './foreign-model.ts';
import { DATA_TYPE } from './foreign-tensor.ts';
import { openProbeCache, type ProbeCache } from './probe-cache.ts';
import { type ProbedSize, probeSize, probeWhite, trialFor } from './probe-foreign.ts';
import { readForeignModel } from './read-foreign.ts';
import type { Sidecar } from './sidecar.ts';
import { translateForeign } from './translate-foreign.ts';
import { widenBfloat16 } from './widen-bfloat16.ts';
import { coreOf, emitBare } from './wrap-network.ts';

/** What an ONNX file does not say. */
export interface OnnxOptions {
  /** Default: found by trying. */
  readonly range?: '0..1' | '0..255' | '-1..1';
  /** Default: rgb. */
  readonly channels?: 'rgb' | 'bgr';
}

export type OnnxNetwork =
  /** Every operator is understood: as good as a checkpoint. */
  | { readonly kind: 'graph'; readonly graph: Graph }
  /** Run as it is. */
  | {
      readonly kind: 'foreign';
      readonly model: ForeignModel;
      readonly use: ForeignUse;
      readonly size: ProbedSize;
      readonly seams: Sidecar['seams'];
    };

/**
 * A network from an ONNX file of others: float32, float16, bfloat16 or uint8, channels first or last, 3 or 1 of them.
 * @throws UpreelError `model-refused`, `model-unsupported`, naming what it has or what has to be told
 * @param probes folder in which what trying shows is kept, by the file's content; null: it is tried each time
 * @param sidecar what a file beside it says; `options` win over that
 */
export async function importOnnx(
  bytes: Uint8Array,
  options: OnnxOptions,
  probes: string | null = null,
  sidecar: Sidecar | null = null,
): Promise<OnnxNetwork> {
  const model = widenBfloat16(readForeignModel(bytes, sidecar ?? undefined));
  const { channels, layout } = portOf(model);
  const cache = openProbeCache(probes, bytes, `${channels} ${layout}${sidecar?.facts ?? ''}`);
  const order = options.channels ?? sidecar?.channels ?? 'rgb';
  const told = rangeOf(options.range ?? sidecar?.range ?? null);
  const { enlargeFirst = 1, seams = 'narrow' } = sidecar ?? {};
  const isFloat = SAMPLES_OF_FLOAT.has(model.input.type);
  const graph = isFloat && enlargeFirst === 1 ? translateForeign(model, channels, layout) : undefined;
  if (graph !== undefined) {
    const range = told ?? { black: 0, white: await whiteOf(graph, channels, cache) };
    return { kind: 'graph', graph: adaptGraph(graph, { ...range, order }) };
  }
  checkOpset(model);
  const fixedPx = fixedSizeOf(model, layout, enlargeFirst);
  const use = (range: Range): ForeignUse => ({
    channels,
    layout,
    fixedPx,
    enlargeFirst,
    samples: { ...range, order },
  });
  const bytesRange = isFloat ? null : BYTES;
  const bare = { ...use(bytesRange ?? UNIT), enlargeFirst: 1 };
  const lazy = openLazily(() => emitBare(coreOfForeign(model, bare, 1)));
  try {
    const size = (await cache.remember('size', SIZE, async () => probeSize(await lazy.open(), channels, fixedPx)))!;
    const trial = trialFor(channels, fixedPx, size.alignPx);
    const find = async () => probeWhite(await lazy.open(), trial, size.scale);
    const known = bytesRange ?? told;
    const range = known ?? { black: 0, white: (await cache.remember('white', WHITE, find)) ?? undecided() };
    return { kind: 'foreign', model, use: use(range), size, seams };
  } finally {
    await lazy.close();
  }
}

type Range = Pick<SampleFormat, 'black' | 'white'>;

const UNIT: Range = { black: 0, white: 1 };
const BYTES: Range = { black: 0, white: 255 };

function rangeOf(range: Sidecar['range']): Range | null {
  switch (range) {
    case null:
      return null;
    case '0..1':
      return UNIT;
    case '0..255':
      return BYTES;
    case '-1..1':
      return { black: -1, white: 1 };
  }
}

const WHITE = z.union([z.literal(1), z.literal(255)]);
const SIZE = z.object({ scale: z.int().min(1).max(16), alignPx: z.int().min(1).max(64) });

/** A process is only started for what is not known already. */
function openLazily(network: () => Uint8Array): { open(): Promise<NetworkProbe>; close(): Promise<void> } {
  let probe: Promise<NetworkProbe> | undefined;
  return {
    open() {
      probe ??= openNetworkProbe(network());
      return probe;
    },
    async close() {
      // Its failure to open has been thrown already.
      await (await probe?.catch(() => undefined))?.close();
    },
  };
}

const SAMPLES_OF_FLOAT: ReadonlySet<number> = new Set([DATA_TYPE.float, DATA_TYPE.float16]);

/** Which axis holds the channels, and how many there are. */
function portOf({ input, nodes }: ForeignModel): { channels: 1 | 3; layout: 'nchw' | 'nhwc' } {
  const [batch = null, first = null, , last = null] = input.dimensions;
  if (!SAMPLES_OF_FLOAT.has(input.type) && input.type !== DATA_TYPE.uint8) {
    throw unsupported(
      `The ONNX network takes elements of type ${input.type}; upreel feeds float32, float16, bfloat16 and uint8.`,
    );
  }
  if (batch !== null && batch !== 1) {
    throw unsupported(`The ONNX network takes ${batch} pictures at a time; upreel feeds one.`);
  }
  const begins = nodes.find(({ inputs }) => inputs.includes(input.name));
  const order = begins?.attributes.get('perm')?.value;
  const turnsFirst = order?.kind === 'integers' && order.integers.join('') === '0312';
  if (isChannels(first)) return { channels: first, layout: 'nchw' };
  if (isChannels(last)) return { channels: last, layout: 'nhwc' };
  if (first === null && (last === null || !turnsFirst)) return { channels: 3, layout: turnsFirst ? 'nhwc' : 'nchw' };
  const shape = input.dimensions.map((it) => it ?? '?').join(', ');
  throw unsupported(`The ONNX network takes [${shape}]; upreel feeds pictures of 3 channels (or 1).`);
}

function isChannels(count: number | null): count is 1 | 3 {
  return count === 1 || count === 3;
}

/** A graph that is understood can be written for any size; another only runs in those that it was exported for. */
function fixedSizeOf({ input }: ForeignModel, layout: 'nchw' | 'nhwc', enlargeFirst: number): FixedSize | null {
  const [, a = null, b = null, c = null] = input.dimensions;
  const [height, width] = layout === 'nchw' ? [b, c] : [a, b];
  if (height === null && width === null) return null;
  const size = { width, height };
  if ((width ?? 0) % enlargeFirst > 0 || (height ?? 0) % enlargeFirst > 0) {
    throw refused(
      `it runs on ${sizeText(size)} pixels, which no picture fills that is enlarged ${enlargeFirst} times first.`,
    );
  }
  const least = SMALLEST_TILE_PX * enlargeFirst;
  if ((width ?? least) >= least && (height ?? least) >= least) return size;
  throw unsupported(
    `The ONNX network runs on pictures of ${sizeText(size)} pixels only, too little to cut pictures into.`,
    'Export it with free height and width (dynamic axes), or use its checkpoint.',
  );
}

function checkOpset({ opset, nodes }: ForeignModel): void {
  if (opset < 11) {
    const operators = [...new Set(nodes.map(({ operator }) => operator))].slice(0, 8).join(', ');
    throw unsupported(
      `The ONNX network uses version ${opset} of the operators (${operators}), in ways that upreel does not translate.`,
      'Export it with opset 11 or newer.',
    );
  }
}

async function whiteOf(graph: Graph, channels: 1 | 3, cache: ProbeCache): Promise<SampleFormat['white']> {
  const { height } = graph.shapes[graph.output]!;
  const lazy = openLazily(() => emitBare(coreOf(graph)));
  try {
    const scale = height.numerator / height.denominator;
    const find = async () => probeWhite(await lazy.open(), trialFor(channels, null), scale);
    return (await cache.remember('white', WHITE, find)) ?? undecided();
  } finally {
    await lazy.close();
  }
}

function undecided(): never {
  throw unsupported(
    'The ONNX network makes no picture like the one it gets, whether that is in 0..1 or in 0..255.',
    'Say which with --onnx-range 0..1, 0..255 or -1..1.',
  );
}
