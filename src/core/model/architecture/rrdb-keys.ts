import type { StateDict } from '../checkpoint/state-dict.ts';

/**
 * Three generations of ESRGAN code name the same network's weights differently:
 * old ESRGAN (`model.0`, `model.1.sub.0.RDB1.conv1.0`), the paper's official release (`RRDB_trunk.0.RDB1.conv1`) and
 * Real-ESRGAN (`body.0.rdb1.conv1`). Returns the weights under Real-ESRGAN's names, or undefined for other networks.
 */
export function toRealEsrganKeys(state: StateDict): StateDict | undefined {
  if (state.has('body.0.rdb1.conv1.weight')) return state;
  if (state.has('RRDB_trunk.0.RDB1.conv1.weight')) return state.renamed(fromOfficial);
  if (state.has('model.1.sub.0.RDB1.conv1.0.weight')) return state.renamed(fromOld(state));
  return undefined;
}

function fromOfficial(key: string): string | undefined {
  const block = /^RRDB_trunk\.(\d+)\.RDB(\d)\.(.+)$/.exec(key);
  if (block !== null) return `body.${block[1]}.rdb${block[2]}.${block[3]}`;
  return key
    .replace(/^trunk_conv\./, 'conv_body.')
    .replace(/^upconv(\d)\./, 'conv_up$1.')
    .replace(/^HRconv\./, 'conv_hr.');
}

/** The old code numbers every layer of one sequence: the last two are conv_hr and conv_last, those before enlarge. */
function fromOld(state: StateDict): (key: string) => string | undefined {
  const numbers = state.keys
    .map((key) => /^model\.(\d+)\.weight$/.exec(key)?.[1])
    .filter((number) => number !== undefined)
    .map(Number)
    .filter((number) => number >= 2)
    .sort((a, b) => a - b);
  const names = new Map<string, string>([['0', 'conv_first']]);
  numbers.forEach((number, index) => {
    const fromEnd = numbers.length - index;
    names.set(`${number}`, fromEnd === 1 ? 'conv_last' : fromEnd === 2 ? 'conv_hr' : `conv_up${index + 1}`);
  });
  return (key) => {
    const block = /^model\.1\.sub\.(\d+)\.RDB(\d)\.(conv\d)\.0\.(weight|bias)$/.exec(key);
    if (block !== null) return `body.${block[1]}.rdb${block[2]}.${block[3]}.${block[4]}`;
    const shortcut = /^model\.1\.sub\.(\d+)\.RDB(\d)\.conv1x1\.weight$/.exec(key);
    if (shortcut !== null) return `body.${shortcut[1]}.rdb${shortcut[2]}.conv1x1.weight`;
    const trunk = /^model\.1\.sub\.\d+\.(weight|bias)$/.exec(key);
    if (trunk !== null) return `conv_body.${trunk[1]}`;
    const layer = /^model\.(\d+)\.(weight|bias)$/.exec(key);
    const name = names.get(layer?.[1] ?? '');
    return name === undefined ? undefined : `${name}.${layer?.[2]}`;
  };
}
