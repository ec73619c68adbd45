// The words of docs/gallery.md. What is said of a crop was seen on its sheet: look again when sheets change.

import { SIDE } from './gallery-crops.mjs';

const SEEN = {
  photo:
    'rim and spoon become sharp with all. realesrgan-x4plus stays nearest to the original; the default draws harder and brighter edges at a fraction of the time. `halftone` is for print alone: elsewhere it blurs.',
  face: 'with realesrgan-x4plus and `best` hair and lids stay natural; the default smooths the skin, `grain` a little less. Networks for drawings make a drawing of her.',
  text: 'large letters become sharp with all. In letters of 5 pixels “sentence” becomes “sontonco” with nearly every network: the source enlarged by bicubic is easier to read. Leave small print alone, or scan it larger.',
  drawing:
    'the cleanest ink is realesrgan-x4plus-anime’s; the default and realesr-animevideov3 come close at a fraction of the time. 4x-NMKD-YandereNeo-Superlite sharpens what JPEG left; a 2x network is soft at 4x.',
  'old film':
    '`old-film` takes the grain and leaves the face; `grain` keeps both. realesrgan-x4plus makes a cap of the hair, 4x-NMKD-YandereNeo-Superlite worms of the grain. The scratch stays with all.',
  tape: '`vhs` takes the coloured streaks and leaves the fur. realesrgan-x4plus takes most of them and makes a painting of the fur; the others keep them or, as 4x-NMKD-YandereNeo-Superlite, draw lines of them.',
};

const MADE = {
  photo: "Rachel Michetti's coffee (CC0), at a third, as JPEG of quality 90",
  face: "NASA's portrait of Eileen Collins (public domain), at not quite a half, as JPEG of quality 90",
  text: 'made for this page, at a quarter, as JPEG of quality 90',
  drawing: 'made for this page, at a quarter, as JPEG of quality 90',
  'old film': "Lav Varshney's camera man (CC0), aged: grain, flicker, dust, a scratch",
  tape: "Stéfan van der Walt's Chelsea (CC0), with what tape does: rings, noise, coarse and noisy colours",
};

export function galleryText({ crops, models, works, presets, scores }) {
  return `# Gallery

<!-- Written by bench/gallery.mjs: change the words in bench/gallery-text.mjs. -->

**A tape: \`--preset vhs\`. An old film: \`--preset old-film\`. A DVD: \`--preset dvd\`. A photo: \`--preset photo\`. A scanned or old
photo: \`--preset old-photo\` or \`grain\`. Print with dots: \`--preset halftone\`. Drawings and anime: \`--preset anime\`, animation
from film \`--preset old-cartoon\`. In a hurry, or for text: nothing, which is realesr-general-x4v3.**

Every network of the catalogue that could be fetched and every preset on the same six crops: ${crops.map(({ name }) => `[${name}](#${anchor(name)})`).join(', ')}.
\`upreel preview\` and \`upreel compare\` show the same of your own.

## Time and size

${timeTable(models, works, presets, scores)}

Work is for the same source, as a multiple of the default's (operations for a pixel: \`upreel models info\`); time follows it. The
time is for a megapixel of the result on two cores of a quiet server (Set14, bench/results/quality.json): your
own is told by \`upreel preview\`. Networks of 2x and 3x make fewer pixels of the same source; on this page their results are
enlarged further to 4x. \`best\` is its network eight times over, filters of presets cost little beside a network. Size is what
is fetched; realesrgan-x2plus is on no npm registry and not on this page.

## The crops

Each source is ${SIDE} x ${SIDE} pixels and shown four times as large; nothing was chosen among several. Where a preset is nothing
but a network, it stands beside its name. On film and tape, the presets that have filters for films saw seven frames, of
which the fourth is shown; the others saw that frame alone. \`best\` is on photo and face alone, for its time.

${crops.map(section).join('\n\n')}
`;
}

function section(crop) {
  const { name } = crop;
  const alt = `${name}: the original, the source enlarged by bicubic, and what each network and preset makes of it`;
  return `### ${capital(name)}

${capital(SEEN[name])}

![${alt}](images/gallery-${anchor(name)}.webp)

The source: ${MADE[name]}.`;
}

function timeTable(models, works, presets, scores) {
  const usual = works[models[0].id];
  const rows = models.map(({ id, scale, bytes, licence }) => {
    const seconds = scores.find(({ set, model }) => set === 'Set14' && model === id)?.secondsPerMegapixel;
    const uses = Object.entries(presets).flatMap(([name, preset]) => usesOf(name, preset, id));
    const work = works[id] === undefined ? '-' : multiple(works[id] / usual);
    const time = seconds === undefined ? '-' : `${multiple(seconds)} s`;
    return `| ${[id, `${scale}x`, work, time, `${(bytes / 1e6).toFixed(1)} MB`, licence, uses.join(', ')].join(' | ')} |`;
  });
  return `| network | | work | time | size | licence | presets |\n|---|---|---:|---:|---:|---|---|\n${rows.join('\n')}`;
}

function usesOf(name, { both, pictures, video }, id) {
  const [still, film] = [pictures.model ?? both.model, video.model ?? both.model].map((model) => model === id);
  if (still && film) return [`\`${name}\``];
  return still ? [`\`${name}\` for pictures`] : film ? [`\`${name}\` for films`] : [];
}

function capital(text) {
  return `${text[0].toUpperCase()}${text.slice(1)}`;
}

/** More digits would say more than such a measurement can. */
function multiple(value) {
  return `${Number(value.toPrecision(2))}`;
}

function anchor(name) {
  return name.replace(' ', '-');
}
