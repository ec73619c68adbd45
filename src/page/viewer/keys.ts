import { type App, MODES } from './app.ts';
import { make } from './dom.ts';
import type { ViewerStage } from './stage.ts';
import { panned, zoomed } from './view.ts';

const KEYS: readonly (readonly [keys: string, what: string])[] = [
  ['1 2 3 4', 'slider, side by side, blink, difference'],
  ['+ −', 'zoom'],
  ['0', 'one pixel of the picture for one of the screen'],
  ['F', 'the whole picture'],
  ['arrows', 'move the picture; on the divider, move it'],
  ['Space', 'blink: show the other one, and stop blinking'],
  ['X', 'swap left and right'],
  ['L R', 'another picture on the left, on the right'],
  ['G', 'difference: larger gain'],
  ['N P', 'next and previous set of pictures'],
];

/** What the keys do, to be read. */
export function keyHelp(): HTMLElement {
  const rows = KEYS.map(([keys, what]) => make('tr', {}, make('th', { scope: 'row' }, keys), make('td', {}, what)));
  return make(
    'details',
    {},
    make('summary', {}, 'Keys, mouse and touch'),
    make('table', { class: 'keys' }, ...rows),
    make('p', {}, 'Drag to move; the wheel or two fingers zoom; a double click shows the pixels, and the whole again.'),
  );
}

/** Keys work wherever they mean nothing else. */
export function listenToKeys(app: App, stage: ViewerStage): void {
  stage.handle.addEventListener('keydown', (event) => {
    const step = { ArrowLeft: -0.02, ArrowDown: -0.02, ArrowRight: 0.02, ArrowUp: 0.02, PageDown: -0.1, PageUp: 0.1 }[
      event.key
    ];
    const divider =
      event.key === 'Home' ? 0 : event.key === 'End' ? 1 : step === undefined ? null : app.state.divider + step;
    if (divider === null) return;
    app.update({ divider: Math.min(1, Math.max(0, divider)) });
    event.preventDefault();
    event.stopPropagation();
  });
  document.addEventListener('keydown', (event) => {
    const target = event.target instanceof Element ? event.target : null;
    if (
      event.ctrlKey ||
      event.metaKey ||
      event.altKey ||
      target?.closest('select, input, video, summary, [tabindex]:not(#stage, .handle)')
    )
      return;
    if (target?.closest('button') && [' ', 'Enter'].includes(event.key)) return;
    if (act(app, stage, event.key)) event.preventDefault();
  });
}

/** @returns whether the key means something. */
function act(app: App, stage: ViewerStage, key: string): boolean {
  const { state, scene } = app;
  const count = scene.pictures.length;
  const mode = MODES[Number(key) - 1]?.[0];
  if (mode !== undefined) app.update({ mode });
  else if (key === '+' || key === '=') zoomBy(app, stage, Math.SQRT2);
  else if (key === '-') zoomBy(app, stage, Math.SQRT1_2);
  else if (key === '0') zoomBy(app, stage, 1 / stage.view().scale);
  else if (key === 'f') app.update({ view: null });
  else if (key === 'x') app.update({ left: state.right, right: state.left });
  else if (key === 'l') app.update({ left: (state.left + 1) % count });
  else if (key === 'r') app.update({ right: (state.right + 1) % count });
  else if (key === 'g') app.update({ gain: state.gain >= 64 ? 1 : state.gain * 2 });
  else if (key === 'n') app.openScene(state.scene + 1);
  else if (key === 'p') app.openScene(state.scene - 1);
  else if (key === ' ' && state.mode === 'blink') {
    app.update({ isBlinking: false, front: state.front === 'left' ? 'right' : 'left' });
  } else {
    const way = WAYS[key];
    if (way === undefined) return false;
    const step = stage.element.clientWidth * devicePixelRatio * 0.1;
    app.update({ view: panned(stage.view(), way[0] * step, way[1] * step, scene) });
  }
  return true;
}

const WAYS: Readonly<Record<string, readonly [x: number, y: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** Around the middle. */
export function zoomBy(app: App, stage: ViewerStage, factor: number): void {
  app.update({ view: zoomed(stage.view(), factor, { x: 0, y: 0 }, app.scene, stage.paneAt(0, 0)) });
}
