import { TextDecoder } from 'node:util';
import type { Graph } from '../graph/graph.ts';
import { padInput } from '../graph/pad-input.ts';
import { refused } from '../import/refusal.ts';
import { withBase } from './cunet.ts';
import { parseParam } from './param-file.ts';
import { translateNcnn } from './translate.ts';

/**
 * An ncnn network from the bytes of its two files.
 * @throws UpreelError `model-refused`, `model-unsupported`
 */
export function importNcnn(param: Uint8Array, bin: Uint8Array): Graph {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(param);
  } catch (error) {
    throw refused('its .param is not text.', error);
  }
  return withBase(padInput(translateNcnn(parseParam(text), bin)));
}
