// Coverage: of the networks that OpenModelDB lists, how many are of a kind that upreel runs.
// Usage: node bench/coverage.mjs FOLDER, the folder data/ of github.com/OpenModelDB/open-model-database
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { runsShared } from '../dist/core/model/shared/architectures.js';

const FILES = new Set(['pth', 'safetensors', 'onnx', 'param', 'bin', 'zip']);

const [folder = '.'] = process.argv.slice(2);
const models = readdirSync(join(folder, 'models'))
  .filter((name) => name.endsWith('.json'))
  .map((name) => ({ id: basename(name, '.json'), ...JSON.parse(readFileSync(join(folder, 'models', name), 'utf8')) }));
const newest = models
  .map(({ date }) => date)
  .sort()
  .at(-1);
const twoYearsBefore = `${Number(newest.slice(0, 4)) - 2}${newest.slice(4)}`;

console.log('| architecture | listed | since 2 years | upreel |\n| --- | --- | --- | --- |');
const names = [...new Set(models.map(({ architecture }) => architecture))];
const countOf = (name, from = '') => models.filter((it) => it.architecture === name && it.date >= from).length;
for (const name of names.toSorted((a, b) => countOf(b) - countOf(a))) {
  console.log(
    `| ${name} | ${countOf(name)} | ${countOf(name, twoYearsBefore)} | ${runsShared(name) ? 'runs' : 'does not run'} |`,
  );
}
for (const from of ['', twoYearsBefore]) {
  const listed = models.filter(({ date }) => date >= from);
  const run = listed.filter(isRun).length;
  console.log(
    `\n${from === '' ? 'All' : `Since ${from}`}: ${run} of ${listed.length}, ${((100 * run) / listed.length).toFixed(1)} %`,
  );
}

function isRun({ architecture, resources }) {
  return runsShared(architecture) && resources.some(({ type }) => FILES.has(type));
}
