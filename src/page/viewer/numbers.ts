import type { PictureNumbers, Scene, ScenePicture } from '../manifest.ts';
import type { App } from './app.ts';
import { make } from './dom.ts';

/** The numbers of the scene that is open, what is known of its files, and all scenes in one table. */
export function createNumbers(app: App): HTMLElement {
  const element = make('section', { class: 'numbers' });
  const show = (): void => {
    const { scene } = app;
    element.replaceChildren(
      ...(scene.base === null ? [] : [numbersTable(scene, scene.base)]),
      ...scene.notes.map((note) => make('p', { class: 'note' }, note)),
      files(scene),
    );
  };
  show();
  app.onChange((state, before) => {
    if (state.scene !== before.scene) show();
  });
  return element;
}

/** Every scene in a row of its own, which opens it. Nothing where there is only one. */
export function createOverview(app: App): readonly HTMLElement[] {
  const { scenes } = app.manifest;
  if (scenes.length < 2) return [];
  const measured = scenes.map(({ pictures }) => pictures.filter(({ numbers }) => numbers !== null));
  if (measured.every(({ length }) => length === 0)) return [];
  // Where each set has only one that was measured, its name says nothing new.
  const areMany = measured.some(({ length }) => length > 1);
  const withNiqe = measured.some((those) => those.some(hasNiqe));
  const rows = scenes.flatMap((scene, index) => {
    const those = measured[index]!;
    const open = make('button', { type: 'button', class: 'link', click: () => app.openScene(index) }, scene.name);
    const head = make('th', { scope: 'rowgroup', rowspan: Math.max(1, those.length) }, open);
    return those.map((picture, at) =>
      row([...(at === 0 ? [head] : []), ...(areMany ? [make('td', {}, picture.name)] : [])], picture, withNiqe),
    );
  });
  const caption = 'All sets, each picture against the first of its set';
  return [
    make(
      'details',
      { open: true },
      make('summary', {}, `All ${scenes.length} sets of pictures`),
      scroller('All sets', table(caption, areMany ? ['set', 'picture'] : ['set'], rows, withNiqe)),
    ),
  ];
}

function numbersTable(scene: Scene, base: number): HTMLElement {
  const measured = scene.pictures.filter(({ numbers }) => numbers !== null);
  const withNiqe = measured.some(hasNiqe);
  const original = scene.pictures[base]!;
  const natural = withNiqe ? `, NIQE ${naturalness(original)}` : '';
  const caption = `Against ${original.name}, ${scene.width} × ${scene.height}${natural}`;
  return scroller(
    'Numbers',
    table(
      caption,
      ['picture'],
      measured.map((picture) => row([make('th', { scope: 'row' }, picture.name)], picture, withNiqe)),
      withNiqe,
    ),
  );
}

const MEASURES = [
  ['PSNR', 'of all samples, in decibels: higher is closer'],
  ['PSNR-Y', 'of luma, in decibels'],
  ['SSIM-Y', 'structural similarity of luma: 1 is equal'],
  ['largest', 'the largest difference of any sample, in levels of 255'],
] as const;

const NIQE = ['NIQE', 'of the picture by itself: lower looks more natural'] as const;

/** Of films and previews it is not measured. */
function hasNiqe({ niqe }: ScenePicture): boolean {
  return niqe !== undefined;
}

function table(
  caption: string,
  names: readonly string[],
  rows: readonly HTMLElement[],
  withNiqe: boolean,
): HTMLElement {
  const heads = [
    ...names.map((name) => make('th', { scope: 'col' }, name)),
    ...[...MEASURES, ...(withNiqe ? [NIQE] : [])].map(([name, what]) =>
      make('th', { scope: 'col', class: 'number', title: what }, name),
    ),
  ];
  return make(
    'table',
    {},
    make('caption', {}, caption),
    make('thead', {}, make('tr', {}, ...heads)),
    make('tbody', {}, ...rows),
  );
}

function row(heads: readonly HTMLElement[], picture: ScenePicture, withNiqe: boolean): HTMLElement {
  const texts = [...numbersText(picture.numbers!), ...(withNiqe ? [naturalness(picture)] : [])];
  return make('tr', {}, ...heads, ...texts.map((text) => make('td', { class: 'number' }, text)));
}

function naturalness({ niqe = null }: ScenePicture): string {
  return niqe === null ? '–' : niqe.toFixed(2);
}

export function numbersText({ psnr, psnrY, ssimY, maxDifference }: PictureNumbers): readonly string[] {
  const decibels = (value: number | null): string => (value === null ? 'equal' : `${value.toFixed(2)} dB`);
  const levels = Number.isInteger(maxDifference) ? String(maxDifference) : String(Number(maxDifference.toPrecision(3)));
  return [decibels(psnr), decibels(psnrY), ssimY === null ? '–' : ssimY.toFixed(4), levels];
}

function files(scene: Scene): HTMLElement {
  const each = scene.pictures.map(({ name, facts }) => {
    const rows = facts.flatMap(([label, value]) => [make('dt', {}, label), make('dd', {}, value)]);
    return make('div', { class: 'file' }, make('h2', {}, name), make('dl', {}, ...rows));
  });
  return make(
    'details',
    { open: scene.base === null },
    make('summary', {}, 'About the pictures'),
    make('div', { class: 'files' }, ...each),
  );
}

/** A wide table moves by itself, also by keys. */
function scroller(label: string, content: HTMLElement): HTMLElement {
  return make('div', { class: 'scroller', role: 'region', tabindex: 0, 'aria-label': label }, content);
}
