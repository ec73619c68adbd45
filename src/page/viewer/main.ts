import type { PageManifest } from '../manifest.ts';
import { App } from './app.ts';
import { createControls } from './controls.ts';
import { createCurves } from './curves.ts';
import { make } from './dom.ts';
import { createExcerpts } from './excerpts.ts';
import { keyHelp, listenToKeys } from './keys.ts';
import { createNumbers, createOverview, numbersText } from './numbers.ts';
import { listenToPointers } from './pointers.ts';
import { createStage } from './stage.ts';
import { createStrip } from './strip.ts';

const BLINK_MS = 700;

start(JSON.parse(document.getElementById('manifest')!.textContent) as PageManifest);

function start(manifest: PageManifest): void {
  const app = new App(manifest);
  const stage = createStage(app);
  const status = make('p', { id: 'status', role: 'status' });
  document
    .getElementById('app')!
    .replaceChildren(
      make('h1', {}, manifest.title),
      ...manifest.notes.map((note) => make('p', { class: 'note' }, note)),
      createControls(app, stage),
      stage.element,
      status,
      ...createStrip(app),
      ...createCurves(app),
      ...createExcerpts(app),
      createNumbers(app),
      ...createOverview(app),
      keyHelp(),
      make('footer', {}, `Made by ${manifest.program}. This page is whole: it loads nothing.`),
    );
  listenToPointers(app, stage);
  listenToKeys(app, stage);
  setInterval(() => {
    const { mode, isBlinking, front } = app.state;
    if (mode === 'blink' && isBlinking) app.update({ front: front === 'left' ? 'right' : 'left' });
  }, BLINK_MS);

  // Said once things are at rest, so that what is read aloud is not cut off by what comes next.
  let timer = 0;
  const tell = (): void => {
    clearTimeout(timer);
    timer = window.setTimeout(() => {
      const text = statusOf(app, stage.view().scale);
      if (status.textContent !== text) status.textContent = text;
    }, 150);
  };
  app.onChange(tell);
  new ResizeObserver(tell).observe(stage.element);
  stage.element.focus({ preventScroll: true });
}

function statusOf(app: App, scale: number): string {
  const [left, right] = [app.picture('left'), app.picture('right')];
  const { base } = app.scene;
  const against = base === null ? null : app.scene.pictures[base]!;
  const other = left === against ? right : right === against ? left : null;
  const numbers = other?.numbers ?? null;
  const texts = numbers === null ? [] : numbersText(numbers);
  const told = numbers === null ? '' : ` PSNR ${texts[0]}, SSIM-Y ${texts[2]}, largest difference ${texts[3]}.`;
  const names = left === right ? left.name : `${left.name} and ${right.name}`;
  return `${names}, zoom ${percent(scale)}.${told}`;
}

function percent(scale: number): string {
  const value = scale * 100;
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} %`;
}
