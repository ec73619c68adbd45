import type { App } from './app.ts';
import { DifferenceMaps } from './difference.ts';
import { make } from './dom.ts';
import { type Pane, paintPicture } from './paint.ts';
import { gridOf } from './panes.ts';
import { TileStore } from './tiles.ts';
import { fitted, type Viewport } from './view.ts';

/** Where the pictures are seen. */
export interface ViewerStage {
  readonly element: HTMLElement;
  /** As it is shown now. */
  view(): Viewport;
  /** The pane at a point of the canvas, in pixels of the screen. */
  paneAt(x: number, y: number): Pane;
  readonly handle: HTMLElement;
}

export function createStage(app: App): ViewerStage {
  const canvas = make('canvas', { 'aria-hidden': 'true' });
  const captions = make('div', { class: 'captions', 'aria-hidden': 'true' });
  const handle = make('div', { class: 'handle', role: 'slider', tabindex: 0, 'aria-label': 'Divider' });
  handle.setAttribute('aria-valuemin', '0');
  handle.setAttribute('aria-valuemax', '100');
  const element = make(
    'div',
    { id: 'stage', role: 'group', tabindex: 0, 'aria-label': 'Pictures; the keys are listed below' },
    ...[canvas, captions, handle],
  );
  const context = canvas.getContext('2d')!;
  const store = new TileStore(invalidate);
  const maps = new DifferenceMaps();
  let isDrawing = false;

  new ResizeObserver(() => {
    const ratio = devicePixelRatio;
    canvas.width = Math.max(1, Math.round(element.clientWidth * ratio));
    canvas.height = Math.max(1, Math.round(element.clientHeight * ratio));
    draw();
  }).observe(element);
  app.onChange(invalidate);

  function invalidate(): void {
    if (isDrawing) return;
    isDrawing = true;
    requestAnimationFrame(() => {
      isDrawing = false;
      draw();
    });
  }

  function whole(): Pane {
    return { x: 0, y: 0, width: canvas.width, height: canvas.height };
  }

  /** Of the pictures that are seen side by side, else of the canvas. */
  function panes(): readonly Pane[] {
    if (app.state.mode !== 'side') return [whole()];
    return gridOf(sideBySide().length, canvas, app.scene, Math.round(4 * devicePixelRatio));
  }

  /** All pictures of the scene as far as they can be made out, the two that were chosen among them. */
  function sideBySide(): readonly number[] {
    const { left, right } = app.state;
    const all = app.scene.pictures.map((_, index) => index);
    return all.length <= MOST_PANES ? all : [...new Set([left, right, ...all])].slice(0, MOST_PANES);
  }

  function view(): Viewport {
    return app.state.view ?? fitted(app.scene, panes()[0]!);
  }

  function draw(): void {
    const { state, scene } = app;
    context.clearRect(0, 0, canvas.width, canvas.height);
    const source = (index: number) => store.source(scene.pictures[index]!.key);
    const all = whole();
    const now = view();
    switch (state.mode) {
      case 'slider': {
        const edge = Math.round(state.divider * canvas.width);
        const [left, right] = [
          { ...all, width: edge },
          { ...all, x: edge, width: canvas.width - edge },
        ];
        paintPicture(context, source(state.left), scene, now, all, left);
        paintPicture(context, source(state.right), scene, now, all, right);
        break;
      }
      case 'side':
        for (const [at, pane] of panes().entries()) paintPicture(context, source(sideBySide()[at]!), scene, now, pane);
        break;
      case 'blink':
        paintPicture(context, source(state[state.front]), scene, now, all);
        // So that the other one is there when its turn comes.
        paintPicture(context, source(state[state.front === 'left' ? 'right' : 'left']), scene, now, all, {
          ...all,
          width: 0,
        });
        break;
      case 'difference': {
        const name = `${state.scene} ${state.left} ${state.right} ${state.gain}`;
        const difference = maps.source(name, source(state.left), source(state.right), state.gain);
        paintPicture(context, difference, scene, now, all);
        break;
      }
    }
    label();
  }

  function label(): void {
    const { state } = app;
    element.classList.toggle('transparent', app.scene.isTransparent && state.mode !== 'difference');
    const [left, right] = [app.picture('left').name, app.picture('right').name];
    const percent = Math.round(state.divider * 100);
    handle.hidden = state.mode !== 'slider';
    handle.style.left = `${state.divider * 100}%`;
    handle.setAttribute('aria-valuenow', String(percent));
    handle.setAttribute('aria-valuetext', `${percent} %: ${left} on the left, ${right} on the right`);
    const ratio = devicePixelRatio;
    const texts: readonly (readonly [text: string, pane: Pane, side: 'start' | 'end'])[] = {
      slider: () => [[left, whole(), 'start'] as const, [right, whole(), 'end'] as const],
      side: () => panes().map((pane, at) => [app.scene.pictures[sideBySide()[at]!]!.name, pane, 'start'] as const),
      blink: () => [[state.front === 'left' ? left : right, whole(), 'start'] as const],
      difference: () => [[`difference × ${state.gain}`, whole(), 'start'] as const],
    }[state.mode]();
    captions.replaceChildren(
      ...texts.map(([text, pane, side]) => {
        const caption = make('span', { class: `caption ${side}` }, text);
        caption.style.top = `${pane.y / ratio + 8}px`;
        if (side === 'start') caption.style.left = `${pane.x / ratio + 8}px`;
        else caption.style.right = '8px';
        caption.style.maxWidth = `${pane.width / ratio / (state.mode === 'slider' ? 2 : 1) - 24}px`;
        return caption;
      }),
    );
  }

  return {
    element,
    view,
    handle,
    paneAt: (x, y) =>
      panes().find((pane) => x >= pane.x && x < pane.x + pane.width && y >= pane.y && y < pane.y + pane.height) ??
      panes()[0]!,
  };
}

const MOST_PANES = 9;
