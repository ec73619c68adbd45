// Odd pictures: what becomes of each file, and profile, orientation and density before and after.
// Usage: node bench/odd-images.mjs FOLDER [--fold NAME]... [-- FLAG...]
// Every file below FOLDER goes through a small network of made-up weights, in one run; those below a folder NAME are
// told as one row for each outcome. FLAGs go to upreel.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inflateSync } from 'node:zlib';
import sharp from 'sharp';
import { scratchFolder, writeSmallNetwork } from './support.mjs';

const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const dashes = process.argv.indexOf('--');
const flags = dashes < 0 ? [] : process.argv.splice(dashes).slice(1);
const args = process.argv.slice(2);
const folded = [];
for (let at = args.indexOf('--fold'); at >= 0; at = args.indexOf('--fold')) folded.push(args.splice(at, 2)[1]);
const [root] = args;
const scratch = scratchFolder();
const [inputs, outputs] = [join(scratch, 'in'), join(scratch, 'out')];
for (const folder of [inputs, outputs]) mkdirSync(folder);

const files = readdirSync(root, { recursive: true })
  .filter((name) => statSync(join(root, name)).isFile())
  .sort();
// Names of their own, so that no two results meet.
const copies = files.map((name, index) => {
  const copy = join(inputs, `${String(index).padStart(4, '0')}${extname(name)}`);
  copyFileSync(join(root, name), copy);
  return copy;
});
const model = writeSmallNetwork(join(scratch, 'small.safetensors'));
const command = [CLI, ...copies, '-o', outputs, '-m', model, '--device', 'cpu', '--json', '--no-config', ...flags];
const { stdout, status } = spawnSync(process.execPath, command, { encoding: 'utf8', maxBuffer: 1 << 28 });
const records = stdout
  .split('\n')
  .filter(Boolean)
  .map((line) => JSON.parse(line));
console.log(`${files.length} files, exit code ${status}.\n`);

const rows = [];
let warnings = [];
const outcomes = new Map();
for (const record of records) {
  if (record.type === 'started') warnings = [];
  if (record.type === 'warning') warnings.push(record.message);
  if (record.type === 'done') outcomes.set(record.input, { output: record.output, warnings });
  if (record.type === 'failed') outcomes.set(record.input, { error: record.error });
  if (record.type === 'done' || record.type === 'failed') warnings = [];
}
for (const [index, copy] of copies.entries()) {
  const name = relative('.', files[index]).replaceAll('\\', '/');
  rows.push({ name, ...(await rowOf(copy, outcomes.get(copy) ?? {}, name)) });
}

console.log('| file | before | after | profile | orientation | density | other | remarks |');
console.log('| --- | --- | --- | --- | --- | --- | --- | --- |');
const isFolded = ({ name }) => folded.some((folder) => name.startsWith(`${folder}/`));
for (const row of rows.filter((it) => !isFolded(it))) {
  const { name, before, after, profile, orientation, density, other, remarks } = row;
  console.log(`| ${[name, before, after, profile, orientation, density, other, remarks].join(' | ')} |`);
}
if (folded.length > 0) {
  console.log('\n| folder | outcome | files |\n| --- | --- | --- |');
  const groups = new Map();
  for (const { name, after, error, other } of rows.filter(isFolded)) {
    const folder = name.replace(/\/[^/]*$/, '');
    const key = `${folder} | ${error ?? (after === '' ? 'no result' : `upscaled${other.includes('lost') ? `, ${other}` : ''}`)}`;
    groups.set(key, (groups.get(key) ?? 0) + 1);
  }
  for (const [key, count] of [...groups].sort()) console.log(`| ${key} | ${count} |`);
}

async function rowOf(input, { output, error, warnings: said = [] }, name) {
  const source = await facts(input);
  const nothing = { after: '', profile: '', orientation: '', density: '', other: '' };
  const before = source === null ? '' : describe(source);
  if (output === undefined) {
    const message = (error?.message ?? 'never began').replaceAll(input, name.split('/').at(-1));
    return { before, ...nothing, remarks: message, error: error?.code ?? 'never began' };
  }
  const result = await facts(output);
  return {
    before,
    after: describe(result),
    profile: compareProfiles(source, result),
    orientation:
      source?.orientation === undefined ? '-' : `${source.orientation}, now ${result.orientation ?? 'upright'}`,
    density:
      source?.density === undefined
        ? '-'
        : source.density === result.density
          ? `${result.density} kept`
          : `${source.density}, now ${result.density ?? 'none'}`,
    other:
      ['exif', 'xmp', 'iptc']
        .filter((kind) => source?.[kind])
        .map((kind) => `${kind} ${result[kind] ? 'kept' : 'lost'}`)
        .join(', ') || '-',
    remarks: said.map((message) => message.replaceAll(input, name.split('/').at(-1))).join(' ') || '-',
  };
}

/**
 * As sharp reads it; libpng shows neither IPTC nor profiles that it holds for wrong, so a PNG's chunks are read here.
 */
async function facts(path) {
  const options = { limitInputPixels: false, failOn: 'none' };
  const metadata = await sharp(path, options)
    .metadata()
    .catch(() => null);
  return metadata?.format === 'png' ? { ...metadata, ...pngFacts(readFileSync(path)) } : metadata;
}

function pngFacts(bytes) {
  const found = {};
  for (let at = 8; at + 12 <= bytes.length; at += 12 + bytes.readUInt32BE(at)) {
    const type = bytes.toString('latin1', at + 4, at + 8);
    const content = bytes.subarray(at + 8, at + 8 + bytes.readUInt32BE(at));
    const name = content.toString('latin1', 0, content.indexOf(0));
    if (/^Raw profile type (iptc|8bim)$/i.test(name)) found.iptc = content;
    if (type === 'iCCP') found.icc = inflate(content.subarray(name.length + 2));
  }
  return found;
}

function inflate(bytes) {
  try {
    return inflateSync(bytes);
  } catch {
    return undefined;
  }
}

function describe({ width, height, format, depth, channels, pages = 1, hasAlpha }) {
  const kind = `${channels - (hasAlpha ? 1 : 0)}${hasAlpha ? '+alpha' : ''}`;
  return `${width}x${height} ${format} ${depth} ${kind}${pages > 1 ? `, ${pages} pages` : ''}`;
}

function compareProfiles(source, result) {
  if (!source?.icc) return result.icc ? 'added' : '-';
  if (!result.icc) return 'left out';
  return source.icc.equals(result.icc) ? `kept (${source.icc.length} bytes)` : 'changed';
}
