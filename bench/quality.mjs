// Writes docs/quality.md: Set5 and Set14 by every network of the catalogue that is here, beside what papers print.
// usage: node bench/quality.mjs SET5 SET14 PICTURES    full-size pictures of both sets; those that may be shown
//        node bench/quality.mjs                        only the document again, from bench/results/quality.json
// PICTURES is the data folder of scikit-image (`pip download --no-deps scikit-image==0.26.0`, a zip: skimage/data).
// What takes long is kept in bench/results/quality.json after each network: a second run goes on where one stopped.
// MODEL=id,... measures these alone, again where there are figures.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { catalogueModels } from './catalogue.mjs';
import { qualityText } from './quality-text.mjs';
import { drawSheet } from './sheet.mjs';
import { scratchFolder } from './support.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const RESULTS = join(root, 'bench/results/quality.json');
const KERNELS = { 2: ['bicubic'], 3: ['bicubic'], 4: ['nearest', 'bicubic', 'lanczos'] };

const [set5, set14, pictures] = process.argv.slice(2);
const kept = existsSync(RESULTS) ? JSON.parse(readFileSync(RESULTS, 'utf8')) : { scores: [], shown: [] };
if (pictures !== undefined) {
  if (kept.shown.length === 0) kept.shown = await show(pictures);
  keep();
  await score({ Set5: set5, Set14: set14 });
}
writeFileSync(join(root, 'docs/quality.md'), qualityText(kept));

async function score(sets) {
  const models = (await catalogueModels()).filter(({ state }) => state !== 'absent');
  const asked = process.env.MODEL?.split(',') ?? null;
  const kernels = Object.entries(KERNELS).flatMap(([scale, ids]) => ids.map((id) => ({ id, scale: Number(scale) })));
  // The light ones first: what takes long is lost last where time runs out.
  const networks = [...models].sort((a, b) => a.bytes - b.bytes);
  for (const { id: model, scale } of [...kernels, ...networks].filter(({ id }) => asked?.includes(id) ?? true)) {
    for (const [set, folder] of Object.entries(sets)) {
      const isOld = (one) => one.set === set && one.scale === scale && one.model === model;
      if (kept.scores.some(isOld) && asked === null) continue;
      const words = ['eval', folder, '--scale', String(scale), '--models', model, '--device', 'cpu', '--json'];
      const { each, ...means } = JSON.parse(upreel(...words));
      const ofEach = each.map(({ picture, psnrY, niqe, niqeOriginal }) => [
        picture,
        { psnrY: short(psnrY), niqe: short(niqe), niqeOriginal: short(niqeOriginal) },
      ]);
      kept.scores = [...kept.scores.filter((one) => !isOld(one)), { set, ...means, each: Object.fromEntries(ofEach) }];
      keep();
      console.log(`${set} x${scale} ${model}: PSNR-Y ${means.psnrY.toFixed(2)}, NIQE ${means.niqe.toFixed(2)}`);
    }
  }
}

/** A picture that may be shown, shrunk four times and enlarged again. */
async function show(folder) {
  const scratch = scratchFolder();
  const models = ['bicubic', 'realesr-animevideov3-x4', 'realesr-general-x4v3', 'realesrgan-x4plus'];
  const crops = [
    { file: 'chelsea.png', box: { left: 60, top: 0, width: 288, height: 288 }, view: { left: 56, top: 56 } },
    { file: 'brick.png', box: { left: 112, top: 112, width: 288, height: 288 }, view: { left: 60, top: 60 } },
  ];
  const cells = [];
  const shown = [];
  for (const { file, box, view } of crops) {
    const [large, small] = [join(scratch, `large-${file}`), join(scratch, `small-${file}`)];
    await sharp(join(folder, file)).toColourspace('srgb').extract(box).removeAlpha().png().toFile(large);
    const results = [{ name: 'original', path: large }];
    await shrink(large, small);
    for (const model of models) {
      const path = join(scratch, `${model}-${file}`);
      if (model === 'bicubic') await sharp(small).resize(288, 288, { kernel: 'cubic' }).png().toFile(path);
      else upreel(small, '-o', path, '-m', model, '--scale', '4', '--device', 'cpu', '--foreground', '--no-tui');
      results.push({ name: model, path });
    }
    for (const { name, path } of results) {
      const numbers = JSON.parse(upreel('compare', large, path, '--border', '4', '--json'));
      const told = name === 'original' ? '' : `${numbers.psnrY.toFixed(1)} dB, `;
      shown.push({ file, name, psnrY: short(numbers.psnrY), niqe: short(numbers.niqe[1]) });
      const image = await sharp(path)
        .extract({ ...view, width: 176, height: 176 })
        .png()
        .toBuffer();
      cells.push({ lines: [name, `${told}NIQE ${numbers.niqe[1].toFixed(1)}`], image });
    }
  }
  const columns = models.length + 1;
  await drawSheet(join(root, 'docs/images/quality.webp'), cells, { columns, side: 176 });
  return shown;
}

/** As the papers do, by `eval`'s own code. */
async function shrink(from, to) {
  const { shrink: reduce } = await import('../dist/eval/imresize.js');
  const { data, info } = await sharp(from).raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const small = reduce({ width, height, channels, bytesPerSample: 1, data: new Uint8Array(data) }, 4);
  await sharp(small.data, { raw: { width: small.width, height: small.height, channels } })
    .png()
    .toFile(to);
}

function upreel(...words) {
  const { stdout, stderr, status } = spawnSync(process.execPath, [join(root, 'dist/cli.js'), ...words], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  if (status !== 0) throw new Error(`upreel ${words.join(' ')} failed: ${stderr.trim()}`);
  return stdout;
}

function short(value) {
  return value === null ? null : Number(value.toFixed(3));
}

function keep() {
  writeFileSync(RESULTS, `${JSON.stringify(kept, null, 2)}\n`);
}
