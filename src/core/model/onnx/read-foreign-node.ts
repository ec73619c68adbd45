import { refused, unsupported } from '../import/refusal.ts';
import type { ForeignAttribute, ForeignNode, ForeignValue } from './foreign-model.ts';
import { readForeignTensor } from './foreign-tensor.ts';
import { bytesOf, floatOf, integerOf, type ProtoField, type ProtoReader, textOf } from './proto-reader.ts';

/** @throws UpreelError `model-unsupported` for what upreel does not let a network do, `model-refused` for damage */
export function readForeignNode(reader: ProtoReader, bytes: Uint8Array): ForeignNode {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes = new Map<string, ForeignAttribute>();
  let [operator, domain] = ['', ''];
  for (const field of reader.fields(bytes)) {
    switch (field.number) {
      case 1:
        inputs.push(textOf(field));
        break;
      case 2:
        outputs.push(textOf(field));
        break;
      case 4:
        operator = textOf(field);
        break;
      case 5: {
        const [name, attribute] = readAttribute(reader, bytesOf(field));
        if (attributes.has(name)) throw refused(`a layer has its setting ${name} twice.`);
        attributes.set(name, attribute);
        break;
      }
      case 7:
        domain = textOf(field);
        break;
    }
  }
  if (domain !== '' && domain !== 'ai.onnx') {
    throw unsupported(`The ONNX network uses ${operator} of the domain ${domain}; upreel runs the standard operators.`);
  }
  if (UNWANTED.test(operator)) throw unsupported(`The ONNX network uses ${operator}, which upreel does not run.`);
  return { operator, inputs, outputs, attributes };
}

/** Control flow, results by chance, and values that are no tensors. */
const UNWANTED = /^(If|Loop|Scan|Sequence.*|.*Sequence|Optional.*|Random.*|Multinomial|Bernoulli|String.*|Regex.*)$/;

function readAttribute(reader: ProtoReader, encoded: Uint8Array): [string, ForeignAttribute] {
  let name = '';
  let type = 0;
  let value: ForeignValue | undefined;
  const integers: number[] = [];
  const floats: number[] = [];
  for (const field of reader.fields(encoded)) {
    switch (field.number) {
      case 1:
        name = textOf(field);
        break;
      case 2:
        value = { kind: 'float', float: floatOf(field) };
        break;
      case 3:
        value = { kind: 'integer', integer: integerOf(field) };
        break;
      case 4:
        value = { kind: 'text', text: textOf(field) };
        break;
      case 5:
        value = { kind: 'tensor', tensor: readForeignTensor(reader, bytesOf(field)) };
        break;
      case 7:
        floats.push(...floatsOf(field));
        break;
      case 8:
        integers.push(...reader.integers(field).slice(0, MAX_LIST + 1));
        break;
      case 20:
        type = integerOf(field);
        break;
      case 6:
      case 11:
        throw unsupported('The ONNX network has a graph inside a layer (control flow), which upreel does not run.');
      case 9:
      case 10:
      case 14:
      case 15:
      case 22:
      case 23:
        throw unsupported(`A layer of the ONNX network has the setting ${name} of a kind that upreel does not read.`);
      case 21:
        throw unsupported('The ONNX network refers to settings of a function, which upreel does not run.');
    }
    if (integers.length > MAX_LIST || floats.length > MAX_LIST) throw refused(`the setting ${name} is too long.`);
  }
  return [name, { encoded, value: value ?? listOf(integers, floats) ?? valueLeftOut(type) }];
}

const MAX_LIST = 1024;

function listOf(integers: readonly number[], floats: readonly number[]): ForeignValue | undefined {
  if (floats.length > 0) return { kind: 'floats', floats };
  return integers.length > 0 ? { kind: 'integers', integers } : undefined;
}

/** Some writers leave zeros and empty texts out; the type (AttributeProto.AttributeType) says what they were. */
function valueLeftOut(type: number): ForeignValue {
  switch (type) {
    case 1:
      return { kind: 'float', float: 0 };
    case 2:
      return { kind: 'integer', integer: 0 };
    case 3:
      return { kind: 'text', text: '' };
    default:
      return { kind: 'integers', integers: [] };
  }
}

function floatsOf(field: ProtoField): number[] {
  if (field.wire !== 'bytes') return [floatOf(field)];
  if (field.bytes.length > 4 * MAX_LIST || field.bytes.length % 4 !== 0)
    throw refused('it has a broken list of numbers.');
  const view = new DataView(field.bytes.buffer, field.bytes.byteOffset, field.bytes.length);
  return Array.from({ length: field.bytes.length / 4 }, (_, index) => view.getFloat32(4 * index, true));
}
