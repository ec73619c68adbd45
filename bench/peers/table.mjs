// The tables of bench/peers.mjs, from its report alone.

/** Columns in this order; a way that did not run has none. */
export const WAYS = [
  { way: 'upreel', title: 'upreel, a picture' },
  { way: 'upreel-frames', title: 'upreel, frames' },
  { way: 'upreel-tile', title: 'upreel, whole' },
  { way: 'torch-eager', title: 'PyTorch' },
  { way: 'torch-channels_last', title: 'PyTorch, channels last' },
  { way: 'torch-compiled', title: 'PyTorch, compiled' },
  { way: 'openvino', title: 'OpenVINO' },
  { way: 'ncnn', title: 'ncnn' },
  { way: 'opencv', title: 'OpenCV dnn' },
];
/** What the others are measured against. */
export const BASELINE = 'upreel';

export function peersTable({ cells }) {
  const there = WAYS.filter(({ way }) => cells.some(({ ways }) => ways[way]));
  const head = ['network', 'side', ...there.map(({ title }) => title)];
  const rows = cells.map((cell) => [cell.network, `${cell.side}`, ...there.map(({ way }) => timeCell(cell, way))]);
  return markdown([head, ...rows]);
}

/** "2026-11-30, A CPU, 2 threads, Node v20.20.2: PyTorch 2.15.0, ncnn ..." */
export function machineLine({ date, machine, cells }) {
  const versions = cells.flatMap(({ ways }) => Object.values(ways).map(({ about }) => about));
  const named = [...new Set(versions.filter((about) => typeof about === 'string'))];
  return `${date.slice(0, 10)}, ${machine.cpu}, ${machine.threads} threads, Node ${machine.node}: ${named.join(', ')}.`;
}

/** Share of the machine's peak that the network's own multiply-adds come to, by way. */
export function peakTable({ cells }) {
  const there = WAYS.filter(({ way }) => cells.some(({ ways }) => ways[way]?.shareOfPeak !== undefined));
  const head = ['network', 'side', 'kFLOP per pixel', ...there.map(({ title }) => title)];
  const rows = cells.map(({ network, side, flopsPerPixel, ways }) => [
    ...[network, `${side}`, (flopsPerPixel / 1000).toFixed(0)],
    ...there.map(({ way }) => percent(ways[way]?.shareOfPeak)),
  ]);
  return markdown([head, ...rows]);
}

export function clipTable({ clip }) {
  const rows = clip.ways.map(({ title, seconds, ratio, peakBytes, disturbed }) => [
    title,
    `${seconds.median.toFixed(1)} (${seconds.least.toFixed(1)}..${seconds.most.toFixed(1)})${disturbed ? ' *' : ''}`,
    ratio.median.toFixed(2),
    `${(peakBytes / 1e6).toFixed(1)} MB`,
  ]);
  const table = markdown([['way', 'seconds', 'of upreel’s time', 'most disk at once'], ...rows]);
  return `${table}\n\nThe two films are alike to ${clip.decibels.toFixed(1)} dB.`;
}

function timeCell({ ways }, way) {
  const found = ways[way];
  if (!found) return '';
  if (found.failure) return 'failed';
  if (found.wrong) return `wrong by ${found.difference.largest}`;
  const { seconds, ratio, disturbed } = found;
  const mark = disturbed > 0 ? ' *' : '';
  if (way === BASELINE) return `${milliseconds(seconds.median)} ms${mark}`;
  const { median, least, most } = ratio;
  return `**${median.toFixed(2)}** (${least.toFixed(2)}..${most.toFixed(2)})${mark}`;
}

function milliseconds(seconds) {
  return seconds < 0.1 ? (seconds * 1000).toFixed(1) : (seconds * 1000).toFixed(0);
}

function percent(share) {
  return share === undefined ? '' : `${(share * 100).toFixed(0)} %`;
}

function markdown([head, ...rows]) {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** The document with what lies between two comments of this name replaced. Throws if they are not there. */
export function withSection(document, name, text) {
  const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [from, to] = [document.indexOf(start), document.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`Expected ${start} and ${end} in the document.`);
  return `${document.slice(0, from + start.length)}\n${text}\n${document.slice(to)}`;
}
