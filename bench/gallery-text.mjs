// The words of docs/gallery.md. What is said of a crop was seen on its sheet: look again when sheets change.

import { SIDE } from './gallery-crops.mjs';

const SEEN = {
  photo: 'SEEN-PHOTO',
  face: 'SEEN-FACE',
  text: 'SEEN-TEXT',
  drawing: 'SEEN-DRAWING',
  'old film': 'SEEN-FILM',
  tape: 'SEEN-TAPE',
};

const MADE = {
  photo: "Rachel Michetti's coffee (CC0), at a third, as JPEG of quality 90",
  face: "NASA's portrait of Eileen Collins (public domain), at not quite a half, as JPEG of quality 90",
  text: 'made for this page, at a quarter, as JPEG of quality 90',
  drawing: 'made for this page, at a quarter, as JPEG of quality 90',
  'old film': "Lav Varshney's camera man (CC0), aged: grain, flicker, dust, a scratch",
  tape: "Stéfan van der Walt's Chelsea (CC0), with what tape does: rings, noise, coarse and noisy colours",
};

export function galleryText({ crops, models, presets, scores }) {
  return `# Gallery

<!-- Written by bench/gallery.mjs: change the words in bench/gallery-text.mjs. -->

A photo: \`--preset photo\`, or nothing at all if it shall be quick. A tape: \`--preset vhs\`. An old film: \`--preset old-film\`.
A DVD: \`--preset dvd\`. A scanned portrait: \`--preset old-photo\` or \`grain\`, by eye. Print with dots: \`--preset halftone\`. Anime
and drawings: \`--preset anime\`, old animation \`--preset old-cartoon\`. Text: the default. On your own picture, \`upreel preview\`
and \`upreel compare\` show the same as this page.

| for | look at |
|---|---|
${crops.map(({ name }) => `| ${name} | [${name}](#${anchor(name)}): ${SEEN[name]} |`).join('\n')}

## Time and size

${timeTable(models, presets, scores)}

Time for a megapixel of the result on the CPU, as a multiple of the default's: Set14, one run after the other on a busy
machine of two cores (bench/results/quality.json), so to one digit. Networks of 2x and 3x make fewer pixels of the same
source; on this page their results are enlarged further to 4x. \`best\` is its network eight times over. Filters of presets
cost little beside a network. Size is what is fetched.

## The crops

Each source is ${SIDE} x ${SIDE} pixels and shown four times as large; nothing was chosen among several. Where a preset is nothing
but a network, it stands beside its name. On film and tape, the presets that have filters for films saw seven frames, of
which the fourth is shown; the others saw that frame alone.

${crops.map(section).join('\n\n')}
`;
}

function section(crop) {
  const { name } = crop;
  const alt = `${name}: the original, the source enlarged by bicubic, and what each network and preset makes of it`;
  return `### ${name[0].toUpperCase()}${name.slice(1)}

${SEEN[name]}

![${alt}](images/gallery-${anchor(name)}.webp)

The source: ${MADE[name]}.`;
}

function timeTable(models, presets, scores) {
  const timeOf = (id) => scores.find(({ set, model }) => set === 'Set14' && model === id)?.secondsPerMegapixel ?? null;
  const usual = timeOf(models[0].id);
  const rows = models.map(({ id, scale, bytes, licence }) => {
    const time = timeOf(id);
    const uses = Object.entries(presets).flatMap(([name, preset]) => usesOf(name, preset, id));
    const cells = [id, `${scale}x`, time === null ? '-' : multiple(time / usual), `${(bytes / 1e6).toFixed(1)} MB`];
    return `| ${cells.join(' | ')} | ${licence} | ${uses.join(', ')} |`;
  });
  return `| network | | time | size | licence | presets |\n|---|---|---:|---:|---|---|\n${rows.join('\n')}`;
}

function usesOf(name, { both, pictures, video }, id) {
  const [still, film] = [pictures.model ?? both.model, video.model ?? both.model].map((model) => model === id);
  if (still && film) return [`\`${name}\``];
  return still ? [`\`${name}\` for pictures`] : film ? [`\`${name}\` for films`] : [];
}

/** Two digits say more than such a measurement can. */
function multiple(value) {
  return `${Number(value.toPrecision(value < 10 ? 2 : 1))}`;
}

function anchor(name) {
  return name.replace(' ', '-');
}
