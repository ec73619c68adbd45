// Checkpoints: what each is read as or why it is refused, and how near its results come to a reference's.
// Usage: node bench/checkpoints.mjs ITEM... [--references FOLDER]
// ITEM: a checkpoint, a folder of them, or a catalogue id. FOLDER holds pictures NAME.png and references
// NAME.MODEL.png, whole and untiled by another program; MODEL stands for the checkpoints whose names end in it.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { scratchFolder } from './support.mjs';

const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const WEIGHTS = new Set(['.pth', '.pt', '.ckpt', '.safetensors', '.onnx', '.bin']);
const args = process.argv.slice(2);
const flag = args.indexOf('--references');
const references = flag < 0 ? null : args.splice(flag, 2)[1];
const folder = scratchFolder();

console.log('| checkpoint | format | network | scale | radius | parameters | reference | PSNR | samples that differ |');
console.log('| --- | --- | --- | --- | --- | --- | --- | --- | --- |');
for (const item of args.flatMap(expand)) {
  const name = basename(item);
  const format = WEIGHTS.has(extname(item)) ? formatOf(item) : 'catalogue';
  const { status, stdout, stderr } = upreel('models', 'info', item, '--json');
  if (status !== 0) {
    const [sentence = ''] = stderr.split('\n');
    console.log(
      `| ${name} | ${format} | refused: ${sentence.replace('upreel: ', '').replaceAll(item, name)} | | | | | | |`,
    );
    continue;
  }
  const { architecture, summary, scale, receptiveFieldPx, parameters } = JSON.parse(stdout.trim().split('\n').at(-1));
  const facts = `${architecture}, ${summary} | ${scale} | ${receptiveFieldPx ?? 'unbounded'} | ${parameters}`;
  const compared = [];
  for (const [picture, reference] of referencesOf(item)) compared.push(await compare(item, picture, reference));
  if (compared.length === 0) compared.push('- | | ');
  for (const row of compared) console.log(`| ${name} | ${format} | ${facts} | ${row} |`);
}

function expand(item) {
  if (!existsSync(item) || !statSync(item).isDirectory()) return [item];
  const names = readdirSync(item).sort();
  return names.flatMap((name) => {
    const path = join(item, name);
    if (statSync(path).isDirectory()) return expand(path);
    const isAlone = extname(name) === '.bin' && !existsSync(path.replace(/bin$/, 'param'));
    return WEIGHTS.has(extname(name)) && !isAlone ? [path] : [];
  });
}

function formatOf(path) {
  return extname(path) === '.bin' ? 'ncnn' : extname(path).slice(1);
}

function referencesOf(item) {
  if (references === null) return [];
  const stem = WEIGHTS.has(extname(item)) ? basename(item, extname(item)) : item;
  return readdirSync(references)
    .sort()
    .flatMap((name) => {
      const [, picture, model] = /^([^.]+)\.(.+)\.png$/.exec(name) ?? [];
      return picture !== undefined && stem.endsWith(model) ? [[picture, join(references, name)]] : [];
    });
}

async function compare(item, picture, reference) {
  const output = join(folder, 'out.png');
  const input = join(references, `${picture}.png`);
  const flags = [
    '-m',
    item,
    '-o',
    output,
    '--overwrite',
    '--device',
    'cpu',
    '--tile',
    '2048',
    '--no-tui',
    '--no-config',
  ];
  const { status, stderr } = upreel(input, ...flags);
  if (status !== 0) return `${picture} | failed: ${stderr.split('\n')[0]} | `;
  const [ours, theirs] = [await rgb(output), await rgb(reference)];
  if (ours.length !== theirs.length) return `${picture} | another size | `;
  let [squares, differing, largest] = [0, 0, 0];
  for (let i = 0; i < ours.length; i++) {
    const distance = Math.abs(ours[i] - theirs[i]);
    squares += distance ** 2;
    if (distance > 0) differing++;
    largest = Math.max(largest, distance);
  }
  const psnr = squares === 0 ? 'equal' : `${(10 * Math.log10((255 ** 2 * ours.length) / squares)).toFixed(1)} dB`;
  return `${picture} | ${psnr} | ${((100 * differing) / ours.length).toFixed(4)} %, by ${largest} at most`;
}

function rgb(path) {
  return sharp(path).removeAlpha().raw().toBuffer();
}

function upreel(...given) {
  return spawnSync(process.execPath, [CLI, ...given], { encoding: 'utf8', maxBuffer: 1 << 26 });
}
