import type { FilmCurve, FilmFacts } from '../manifest.ts';
import type { App } from './app.ts';
import { make } from './dom.ts';

const [WIDTH, HEIGHT] = [1000, 160];
const SVG = 'http://www.w3.org/2000/svg';

/** What was measured of each frame, with the frames that the page shows; a click opens the nearest of them. */
export function createCurves(app: App): readonly HTMLElement[] {
  const { film } = app.manifest;
  if (film === undefined) return [];
  return film.curves.map((curve) => curveOf(app, film, curve));
}

function curveOf(app: App, { seconds, frames }: FilmFacts, { title, missing, lines }: FilmCurve): HTMLElement {
  const count = Math.max(1, ...lines.map(({ values }) => values.length));
  const all = lines.flatMap(({ values }) => values.filter((value) => value !== null));
  const [low, high] = [
    all.reduce((so, value) => Math.min(so, value), all[0] ?? 0),
    all.reduce((so, value) => Math.max(so, value), all[0] ?? 1),
  ];
  const x = (frame: number): number => ((frame + 0.5) / count) * WIDTH;
  // What is beyond all numbers (equal frames) lies on the upper edge; what has none leaves a gap.
  const y = (value: number | null): number | null =>
    value === null
      ? missing === 'equal'
        ? 2
        : null
      : HEIGHT - 4 - ((value - low) / (high - low || 1)) * (HEIGHT - 10);
  const drawing = draw('svg', {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    preserveAspectRatio: 'none',
    'aria-hidden': 'true',
  });
  for (const [index, { values }] of lines.entries()) {
    drawing.append(
      draw('path', { class: `line line${index}`, d: pathOf(values, x, y), 'vector-effect': 'non-scaling-stroke' }),
    );
  }
  const marks = frames.map((frame) =>
    draw('line', {
      class: 'mark',
      x1: x(frame),
      x2: x(frame),
      y1: 0,
      y2: HEIGHT,
      'vector-effect': 'non-scaling-stroke',
    }),
  );
  drawing.append(...marks);
  drawing.addEventListener('click', (event) => {
    const { left, width } = drawing.getBoundingClientRect();
    const frame = ((event.clientX - left) / width) * count;
    const distances = frames.map((one) => Math.abs(one - frame));
    app.openScene(distances.indexOf(Math.min(...distances)));
  });
  const show = (): void => {
    for (const [index, mark] of marks.entries()) mark.classList.toggle('open', index === app.state.scene);
  };
  show();
  app.onChange(show);
  const last = seconds.at(-1) ?? 0;
  return make(
    'figure',
    { class: 'curve' },
    make(
      'figcaption',
      {},
      title,
      ...lines.map((line, index) =>
        make('span', { class: `key key${index}` }, `${line.name}: ${summary(line.values, missing)}`),
      ),
    ),
    make(
      'div',
      { class: 'plot' },
      make('span', { class: 'tick high' }, short(high)),
      drawing,
      make('span', { class: 'tick low' }, short(low)),
    ),
    make('p', { class: 'axis' }, make('span', {}, '0 s'), make('span', {}, `${last.toFixed(1)} s, ${count} frames`)),
  );
}

/** Not more points than can be told apart: of many frames in one place the lowest and the highest. */
function pathOf(
  values: readonly (number | null)[],
  x: (frame: number) => number,
  y: (value: number | null) => number | null,
): string {
  const step = Math.max(1, Math.floor(values.length / WIDTH));
  let path = '';
  let pen = 'M';
  for (let start = 0; start < values.length; start += step) {
    const part = values
      .slice(start, start + step)
      .map(y)
      .filter((height) => height !== null);
    if (part.length === 0) {
      pen = 'M';
      continue;
    }
    const [least, most] = [Math.min(...part), Math.max(...part)];
    const at = x(start).toFixed(1);
    // A line of one point is not drawn: it goes to itself.
    path += `${pen}${at} ${least.toFixed(1)}L${at} ${most.toFixed(1)}`;
    pen = 'L';
  }
  return path;
}

function summary(values: readonly (number | null)[], missing: string): string {
  const told = values.filter((value) => value !== null);
  if (told.length === 0) return missing;
  const mean = told.reduce((sum, value) => sum + value, 0) / told.length;
  const others = told.length === values.length ? '' : `, ${values.length - told.length} ${missing}`;
  return `mean ${short(mean)}, least ${short(told.reduce((so, value) => Math.min(so, value)))}${others}`;
}

function short(value: number): string {
  return value.toFixed(2);
}

function draw(tag: string, attributes: Readonly<Record<string, string | number>>): SVGElement {
  const element = document.createElementNS(SVG, tag) as SVGElement;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}
