import { unsupported } from '../import/refusal.ts';
import { StateDict } from './state-dict.ts';
import type { StoredTensor } from './stored-tensor.ts';
import { TorchTensor } from './torch-objects.ts';

/**
 * The network's weights inside whatever a training script saved around them.
 * @throws UpreelError `model-unsupported` if there are none
 */
export function unwrapCheckpoint(root: unknown): StateDict {
  const outer = asDictionary(root);
  const inner = innerDictionary(outer);
  const tensors = tensorsOf(inner);
  if (tensors.size === 0) {
    throw unsupported(
      `The checkpoint has no weights where upreel looks; its outermost keys are: ${describeKeys(outer)}.`,
      "Save the network's state_dict() with torch.save instead.",
    );
  }
  return stripPrefixes(new StateDict(tensors));
}

/** Tensors without a wrapper around them (.safetensors). */
export function unwrapTensors(tensors: ReadonlyMap<string, StoredTensor>): StateDict {
  return stripPrefixes(new StateDict(tensors));
}

/** The first that is there holds the network; averaged weights ("ema") are the ones meant for use. */
const WRAPPERS = ['params_ema', 'params-ema', 'params', 'state_dict', 'model_state_dict', 'model', 'net'];

const PREFIXES = ['module.', '_orig_mod.', 'netG.', 'net.', 'params_ema.', 'params.'];

function innerDictionary(outer: ReadonlyMap<unknown, unknown>): ReadonlyMap<unknown, unknown> {
  for (const wrapper of WRAPPERS) {
    const inner = outer.get(wrapper);
    if (inner instanceof Map) return inner;
  }
  const [single] = outer.values();
  return outer.size === 1 && single instanceof Map ? single : outer;
}

function tensorsOf(dictionary: ReadonlyMap<unknown, unknown>): Map<string, StoredTensor> {
  const tensors = new Map<string, StoredTensor>();
  for (const [key, value] of dictionary) {
    if (typeof key === 'string' && value instanceof TorchTensor) tensors.set(key, value);
  }
  return tensors;
}

function stripPrefixes(state: StateDict): StateDict {
  for (const prefix of PREFIXES) {
    if (state.keys.length > 0 && state.keys.every((key) => key.startsWith(prefix))) {
      return stripPrefixes(state.renamed((key) => key.slice(prefix.length)));
    }
  }
  return state;
}

function asDictionary(root: unknown): ReadonlyMap<unknown, unknown> {
  if (root instanceof Map) return root;
  throw unsupported(
    'The file holds something other than a dictionary of weights.',
    "Save the network's state_dict() with torch.save instead.",
  );
}

function describeKeys(dictionary: ReadonlyMap<unknown, unknown>): string {
  const keys = [...dictionary.keys()]
    .slice(0, 8)
    .map((key) => (typeof key === 'string' ? key.slice(0, 40) : typeof key));
  return keys.length === 0 ? '(none)' : keys.join(', ');
}
