import { refused, unsupported } from '../import/refusal.ts';
import type { ForeignModel, ForeignNode, ForeignPort } from './foreign-model.ts';
import { type ForeignTensor, readForeignTensor } from './foreign-tensor.ts';
import { bytesOf, integerOf, ProtoReader, textOf } from './proto-reader.ts';
import { readForeignNode } from './read-foreign-node.ts';
import type { Sidecar } from './sidecar.ts';

/** What is known of a network's inputs from outside of its file. */
export type GivenInputs = Pick<Sidecar, 'inputs' | 'picture'>;

const NOTHING_GIVEN: GivenInputs = { inputs: new Map(), picture: null };

/**
 * Reads an ONNX file and checks what it asks for: one picture in, one out, standard operators only, everything inside
 * the file.
 * @throws UpreelError `model-refused`, `model-unsupported`, naming what it has
 */
export function readForeignModel(bytes: Uint8Array, given: GivenInputs = NOTHING_GIVEN): ForeignModel {
  const reader = new ProtoReader();
  let graph: Uint8Array | undefined;
  let opset = 0;
  for (const field of reader.fields(bytes)) {
    switch (field.number) {
      case 7:
        if (graph !== undefined) throw refused('it has two graphs.');
        graph = bytesOf(field);
        break;
      case 8:
        opset = Math.max(opset, readOpset(reader, bytesOf(field)));
        break;
      case 20:
        throw unsupported('The ONNX file holds a training graph, which upreel does not run.');
      case 25:
        throw unsupported('The ONNX file defines functions of its own, which upreel does not run.');
    }
  }
  if (graph === undefined || opset === 0) throw refused('it is not an ONNX file, or has no graph.');
  if (opset < 7 || opset > 64)
    throw unsupported(`The ONNX file uses version ${opset} of the operators; upreel reads 7 and newer.`);
  return { opset, ...readGraph(reader, graph, given) };
}

/** Version of the standard operators; 0 for other sets, whose nodes are refused where they are used. */
function readOpset(reader: ProtoReader, bytes: Uint8Array): number {
  let [domain, version] = ['', 0];
  for (const field of reader.fields(bytes)) {
    if (field.number === 1) domain = textOf(field);
    if (field.number === 2) version = integerOf(field);
  }
  return domain === '' || domain === 'ai.onnx' ? version : 0;
}

function readGraph(reader: ProtoReader, graph: Uint8Array, given: GivenInputs): Omit<ForeignModel, 'opset'> {
  const nodes: ForeignNode[] = [];
  const constants = new Map<string, ForeignTensor>();
  const inputs: ForeignPort[] = [];
  const outputs: ForeignPort[] = [];
  for (const field of reader.fields(graph)) {
    switch (field.number) {
      case 1:
        if (nodes.length >= MAX_NODES) throw refused(`it has more than ${MAX_NODES} layers.`);
        nodes.push(readForeignNode(reader, bytesOf(field)));
        break;
      case 5: {
        const constant = readForeignTensor(reader, bytesOf(field));
        if (constants.has(constant.name)) throw refused(`it has two tensors for ${constant.name}.`);
        constants.set(constant.name, constant);
        break;
      }
      case 11:
        inputs.push(readPort(reader, bytesOf(field)));
        break;
      case 12:
        outputs.push(readPort(reader, bytesOf(field)));
        break;
      case 15:
        throw unsupported('The ONNX file has sparse weights, which upreel does not read.');
    }
  }
  for (const [name, value] of given.inputs) constants.set(name, value.constantFor(inputNamed(name, inputs)));
  // Old files list their weights among the inputs, and others what they have a default for.
  const open = inputs.filter(({ name }) => !constants.has(name));
  const input = single(given.picture === null ? open : [inputNamed(given.picture, open)], 'inputs');
  const output = single(outputs, 'outputs');
  checkOrder(nodes, new Set([input.name, ...constants.keys()]), output.name);
  return { input, output, constants, nodes };
}

const MAX_NODES = 20_000;

function inputNamed(name: string, inputs: readonly ForeignPort[]): ForeignPort {
  const named = inputs.find((input) => input.name === name);
  if (named !== undefined) return named;
  const names = inputs.slice(0, 8).map((input) => input.name.slice(0, 40));
  throw refused(`the file beside it speaks of an input "${name}"; the network has ${names.join(', ') || 'none'}.`);
}

function single(ports: readonly ForeignPort[], what: string): ForeignPort {
  const [port] = ports;
  if (port !== undefined && ports.length === 1) return checkPort(port, what);
  const names = ports.slice(0, 4).map(({ name }) => name.slice(0, 40));
  throw unsupported(
    `The ONNX network has ${ports.length} ${what} (${names.join(', ')}); upreel runs those with one.`,
    what === 'inputs' && ports.length > 1
      ? 'Inputs beside the picture can be given values in a file beside it, NETWORK.onnx.json: see docs/networks.md.'
      : undefined,
  );
}

function checkPort(port: ForeignPort, what: string): ForeignPort {
  if (what === 'inputs' && port.dimensions.length !== 4) {
    throw unsupported(`The ONNX network takes ${port.dimensions.length} dimensions, where a picture has 4.`);
  }
  const known = port.dimensions.filter((it) => it !== null);
  if (known.some((it) => it < 1 || it > MAX_SIDE)) {
    throw refused(`its ${what} have the dimensions [${port.dimensions.map((it) => it ?? '?').join(', ')}].`);
  }
  return port;
}

const MAX_SIDE = 65_536;

function readPort(reader: ProtoReader, bytes: Uint8Array): ForeignPort {
  let [name, type] = ['', 0];
  const dimensions: (number | null)[] = [];
  for (const info of reader.fields(bytes)) {
    if (info.number === 1) name = textOf(info);
    if (info.number !== 2) continue;
    for (const kind of reader.fields(bytesOf(info))) {
      if (kind.number !== 1) throw unsupported(`The ONNX network has "${name}", which is no tensor.`);
      for (const field of reader.fields(bytesOf(kind))) {
        if (field.number === 1) type = integerOf(field);
        if (field.number !== 2) continue;
        for (const dimension of reader.fields(bytesOf(field))) {
          if (dimension.number === 1) dimensions.push(readDimension(reader, bytesOf(dimension)));
          if (dimensions.length > 8) throw refused(`"${name}" has more than 8 dimensions.`);
        }
      }
    }
  }
  return { name, type, dimensions };
}

/** null for a named or unnamed free one; writers also put 0 or -1 for that. */
function readDimension(reader: ProtoReader, bytes: Uint8Array): number | null {
  for (const field of reader.fields(bytes)) {
    if (field.number === 1) return integerOf(field) > 0 ? integerOf(field) : null;
  }
  return null;
}

function checkOrder(nodes: readonly ForeignNode[], known: Set<string>, output: string): void {
  for (const { operator, inputs, outputs } of nodes) {
    const missing = inputs.find((name) => name !== '' && !known.has(name));
    if (missing !== undefined) throw refused(`a ${operator} reads "${missing}", which nothing before it makes.`);
    for (const name of outputs) {
      if (name === '') continue;
      if (known.has(name)) throw refused(`"${name}" is made twice.`);
      known.add(name);
    }
  }
  if (!known.has(output)) throw refused(`its output "${output}" is made by no layer.`);
}
