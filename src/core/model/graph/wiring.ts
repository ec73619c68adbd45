import { isTensor, type Tensor } from '../tensor.ts';
import { type Graph, inputsOf, type Node, type Value } from './graph.ts';

/**
 * A text for each value that says how it is computed: equal texts, equal wiring, whatever the order of the layers or of
 * a sum's terms. `nameOf` says what to see of a tensor.
 */
export function wiring(graph: Graph, nameOf: (weights: Tensor) => string): string {
  // Numbered by content, because written out in full the texts would double with every layer that is read twice.
  const numbers = new Map<string, number>();
  const places: number[] = [];
  for (const node of graph.nodes) {
    const inputs = inputsOf(node).map((input) => places[input] ?? -1);
    if (isCommutative(node)) inputs.sort((a, b) => a - b);
    const text = JSON.stringify([layerSettings(node, nameOf), inputs]);
    const number = numbers.get(text) ?? numbers.size;
    numbers.set(text, number);
    places.push(number);
  }
  return JSON.stringify([...numbers.keys(), places[graph.output]]);
}

/** The tensors of a node under the names of their fields. */
export function tensorsOf(node: Node): [string, Tensor][] {
  return Object.entries(node).filter((entry): entry is [string, Tensor] => isTensor(entry[1]));
}

/** A node's own settings, without its inputs. */
export function layerSettings(node: Node, nameOf: (weights: Tensor) => string): string {
  const { input: _, inputs: __, left: ___, right: ____, like: _____, ...settings } = { ...NO_INPUTS, ...node };
  return JSON.stringify(settings, (_key, value: unknown) => (isTensor(value) ? nameOf(value) : value));
}

const NO_INPUTS: { input?: Value; inputs?: readonly Value[]; left?: Value; right?: Value; like?: Value } = {};

function isCommutative(node: Node): boolean {
  return node.op === 'binary' && node.kind !== 'sub' && node.kind !== 'div';
}
