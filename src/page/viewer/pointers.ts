import type { App } from './app.ts';
import type { ViewerStage } from './stage.ts';
import { panned, zoomed } from './view.ts';

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Mouse, pen and fingers: drag to move, wheel or two fingers to zoom, the divider by its handle. */
export function listenToPointers(app: App, stage: ViewerStage): void {
  const { element, handle } = stage;
  const down = new Map<number, Point>();
  let isDividing = false;

  element.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    down.set(event.pointerId, pointOf(event));
    // Two fingers zoom, wherever the first one lies.
    isDividing = event.target === handle && down.size === 1;
    element.setPointerCapture(event.pointerId);
    (isDividing ? handle : element).focus({ preventScroll: true });
    event.preventDefault();
  });
  element.addEventListener('pointermove', (event) => {
    const before = down.get(event.pointerId);
    if (before === undefined) return;
    const now = pointOf(event);
    const others = [...down].filter(([id]) => id !== event.pointerId).map(([, point]) => point);
    down.set(event.pointerId, now);
    if (isDividing) {
      app.update({ divider: Math.min(1, Math.max(0, now.x / (element.clientWidth * devicePixelRatio))) });
      return;
    }
    const other = others[0];
    if (other === undefined) {
      move(before.x - now.x, before.y - now.y);
      return;
    }
    // Each of two fingers moves what is between them by half of its own way.
    move((before.x - now.x) / 2, (before.y - now.y) / 2);
    zoom(distance(now, other) / Math.max(1, distance(before, other)), {
      x: (now.x + other.x) / 2,
      y: (now.y + other.y) / 2,
    });
  });
  const up = (event: PointerEvent): void => {
    down.delete(event.pointerId);
    if (down.size === 0) isDividing = false;
  };
  element.addEventListener('pointerup', up);
  element.addEventListener('pointercancel', up);
  element.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? event.deltaY / 100 : event.deltaY / 3;
      zoom(2 ** (-Math.max(-2, Math.min(2, lines)) / 2), pointOf(event));
    },
    { passive: false },
  );
  element.addEventListener('dblclick', (event) => {
    if (event.target === handle) return;
    const isWhole = app.state.view === null;
    if (isWhole) zoom(1 / stage.view().scale, pointOf(event));
    else app.update({ view: null });
  });

  function move(dx: number, dy: number): void {
    app.update({ view: panned(stage.view(), dx, dy, app.scene) });
  }

  function zoom(factor: number, at: Point): void {
    const pane = stage.paneAt(at.x, at.y);
    const middle = { x: at.x - pane.x - pane.width / 2, y: at.y - pane.y - pane.height / 2 };
    app.update({ view: zoomed(stage.view(), factor, middle, app.scene, pane) });
  }

  /** In pixels of the canvas. */
  function pointOf(event: MouseEvent): Point {
    const { left, top } = element.firstElementChild!.getBoundingClientRect();
    return { x: (event.clientX - left) * devicePixelRatio, y: (event.clientY - top) * devicePixelRatio };
  }
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}
