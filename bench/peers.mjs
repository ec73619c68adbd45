// upreel beside what people would pick instead, on the CPU: the same weights and the same picture through PyTorch,
// ncnn, OpenVINO and OpenCV, each in a process that stays, in turns; and a clip by the script that people run.
//   sh bench/peers/setup.sh && make bench BENCH=peers            20 minutes on two cores; QUICK=1: a try of 3
// Environment: UPREEL_PEERS (folder of setup.sh), NETWORKS, SIDES, WAYS (commas), CLIP=0 (without the clip),
// CELL_SECONDS (for the turns of one network and size), KEEP=1 (rows of the last run that are not measured now stay),
// WRITE_DOCS=1 (the tables in docs/performance.md).
import { existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { measureCell } from './peers/cell.mjs';
import { compareClip } from './peers/clip.mjs';
import { writeMadeUpSpan } from './peers/made-up-span.mjs';
import { NETWORKS, writeFloatNetwork } from './peers/networks.mjs';
import { startPeer } from './peers/peer.mjs';
import { clipTable, machineLine, peakTable, peersTable, WAYS, withSection } from './peers/table.mjs';
import { scratchFolder } from './support.mjs';

const isQuick = process.argv.includes('--quick') || process.env.QUICK === '1';
const environment = process.env.UPREEL_PEERS ?? join(tmpdir(), 'upreel-peers');
const threads = availableParallelism();
const list = (name, usual) => process.env[name]?.split(',') ?? usual;
const networks = list('NETWORKS', isQuick ? ['realesr-animevideov3-x4', 'span'] : NETWORKS.map(({ id }) => id));
const sides = list('SIDES', isQuick ? ['128'] : ['128', '256', '512']).map(Number);
const wanted = list(
  'WAYS',
  WAYS.map(({ way }) => way).filter((way) => !isQuick || way !== 'torch-compiled'),
);
const cellSeconds = Number(process.env.CELL_SECONDS ?? (isQuick ? 10 : 30));
const resultsFile = fileURLToPath(new URL('./results/peers.json', import.meta.url));
const document = fileURLToPath(new URL('../docs/performance.md', import.meta.url));

if (!existsSync(join(environment, 'venv/bin/python'))) {
  console.error(`There is no ${environment}/venv: run sh bench/peers/setup.sh, or name its folder by UPREEL_PEERS.`);
  process.exit(2);
}
const start = performance.now();
const folder = scratchFolder();
const log = join(tmpdir(), 'upreel-peers.log');
const common = { environment, threads, logFile: openSync(log, 'w') };
const peers = wanted.map((way) => startPeer(way, common));
const last = process.env.KEEP === '1' ? JSON.parse(readFileSync(resultsFile, 'utf8')) : { cells: [] };
const report = {
  date: new Date().toISOString(),
  machine: { cpu: cpus()[0]?.model, cores: cpus().length, threads, node: process.version },
  peakGflops: await measurePeak(),
  cells: last.cells,
  clip: last.clip,
};
console.log(`${report.machine.cpu}, ${threads} threads, peak ${report.peakGflops.toFixed(0)} GFLOP/s; log: ${log}`);

const span = join(folder, 'made-up-span.safetensors');
writeMadeUpSpan(span);
for (const { id, largest, without = [] } of NETWORKS.filter((each) => networks.includes(each.id))) {
  for (const side of sides.filter((each) => each <= largest)) await addCell(id, side, without);
}
report.peakGflops = Math.max(report.peakGflops, await measurePeak());
await Promise.all(peers.map((peer) => peer.end()));
if (process.env.CLIP !== '0') {
  const size = isQuick ? { frames: 6, rounds: 1, width: 160, height: 90 } : { frames: 32, rounds: 2 };
  report.clip = await compareClip({ folder, environment, threads, ...size });
}
save();
print();

async function addCell(id, side, without) {
  const model = id === 'span' ? span : id;
  const able = peers.filter(({ way }) => !without.includes(way));
  const network = join(folder, `${id}-${side}.onnx`);
  const { flopsPerPixel } = await writeFloatNetwork(model, network, side);
  const ways = await measureCell({ peers: able, model, network, side, threads, folder, cellSeconds });
  const cell = { network: id, side, flopsPerPixel, ways };
  const others = report.cells.filter(({ network: other, side: size }) => other !== id || size !== side);
  report.cells = [...others, cell].sort((a, b) => placeOf(a) - placeOf(b));
  const minutes = ((performance.now() - start) / 60_000).toFixed(1);
  const each = Object.entries(ways).map(([way, { seconds, wrong, failure }]) =>
    seconds ? `${way} ${(seconds.median * 1000).toFixed(0)}` : `${way}: ${failure ?? (wrong ? 'wrong' : '-')}`,
  );
  console.log(`${minutes} min: ${id} ${side}: ${each.join(', ')} ms`);
  save();
}

function placeOf({ network, side }) {
  return NETWORKS.findIndex(({ id }) => id === network) * 1e6 + side;
}

/** The best that anybody here gets out of the cores in float32. */
async function measurePeak() {
  const able = peers.filter(({ way }) => way === 'torch-eager' || way === 'openvino');
  const found = [];
  for (const peer of able) found.push((await peer.ask({ peak: { threads } })).gflops ?? 0);
  return Math.max(0, ...found);
}

function save() {
  // Those of an earlier run, maybe on another machine, have their own.
  for (const { ways, flopsPerPixel, side } of report.cells.filter((cell) => !last.cells.includes(cell))) {
    for (const result of Object.values(ways).filter(({ seconds }) => seconds && report.peakGflops > 0)) {
      result.shareOfPeak = (flopsPerPixel * side * side) / result.seconds.median / 1e9 / report.peakGflops;
    }
  }
  report.minutes = (performance.now() - start) / 60_000;
  if (!isQuick) writeFileSync(resultsFile, `${JSON.stringify(report, null, 1)}\n`);
}

function print() {
  const sections = {
    peers: `${machineLine(report)}\n\n${peersTable(report)}`,
    'peers-peak': `Peak: ${report.peakGflops.toFixed(0)} GFLOP/s.\n\n${peakTable(report)}`,
  };
  if (report.clip) sections['peers-clip'] = clipTable(report);
  for (const [name, text] of Object.entries(sections)) console.log(`\n${name}\n${text}`);
  if (process.env.WRITE_DOCS !== '1') return;
  let text = readFileSync(document, 'utf8');
  for (const [name, table] of Object.entries(sections)) text = withSection(text, name, table);
  writeFileSync(document, text);
}
