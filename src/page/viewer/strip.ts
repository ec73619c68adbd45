import { levelsOf } from '../pyramid.ts';
import type { App } from './app.ts';
import { make } from './dom.ts';
import { TileStore } from './tiles.ts';

const HEIGHT = 72;

/** All scenes as small pictures, each of which opens its scene. Nothing where there is only one. */
export function createStrip(app: App): readonly HTMLElement[] {
  const { scenes } = app.manifest;
  if (scenes.length < 2) return [];
  const store = new TileStore(() => show());
  const buttons = scenes.map(({ name, width, height }, index) => {
    const canvas = make('canvas', {
      height: HEIGHT,
      width: Math.max(24, Math.min(200, Math.round((HEIGHT * width) / height))),
    });
    canvas.setAttribute('aria-hidden', 'true');
    const element = make(
      'button',
      { type: 'button', class: 'thumbnail', click: () => app.openScene(index) },
      canvas,
      make('span', { class: 'name' }, name),
    );
    return { canvas, element, isDrawn: false };
  });
  const seen = new Set<number>();
  const observer = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      const index = buttons.findIndex(({ element }) => element === target);
      if (isIntersecting) seen.add(index);
      else seen.delete(index);
    }
    show();
  });
  for (const { element } of buttons) observer.observe(element);

  /** Draws those that can be seen and have come. */
  function show(): void {
    for (const index of seen) {
      const button = buttons[index]!;
      if (button.isDrawn) continue;
      const scene = scenes[index]!;
      const tile = store.source(scene.pictures.at(-1)!.key).tile(levelsOf(scene).length - 1, 0, 0);
      if (tile === null) continue;
      const { canvas } = button;
      canvas.getContext('2d')!.drawImage(tile, 0, 0, canvas.width, canvas.height);
      button.isDrawn = true;
    }
  }

  const mark = (): void => {
    for (const [index, { element }] of buttons.entries()) {
      element.setAttribute('aria-current', String(index === app.state.scene));
    }
  };
  mark();
  app.onChange((state, before) => {
    if (state.scene === before.scene) return;
    mark();
    buttons[state.scene]!.element.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  });
  return [
    make(
      'div',
      { class: 'strip', role: 'group', 'aria-label': 'All sets of pictures' },
      ...buttons.map(({ element }) => element),
    ),
  ];
}
