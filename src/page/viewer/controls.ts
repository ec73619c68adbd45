import { type App, MODES } from './app.ts';
import { make, makeSelect } from './dom.ts';
import { zoomBy } from './keys.ts';
import type { ViewerStage } from './stage.ts';

/** What is chosen: the pictures, how they are shown, how large. */
export function createControls(app: App, stage: ViewerStage): HTMLElement {
  const modes = MODES.map(([mode, label]) => {
    const input = make('input', { type: 'radio', name: 'mode', change: () => app.update({ mode }) });
    return { mode, input, element: make('label', { class: 'mode' }, input, make('span', {}, label)) };
  });
  const gain = make('input', {
    type: 'range',
    min: 0,
    max: 6,
    step: 1,
    input: () => app.update({ gain: 2 ** Number(gain.value) }),
  });
  const gainValue = make('output', {});
  const gainField = make('label', { class: 'field' }, make('span', {}, 'Gain'), gain, gainValue);
  const blink = make('button', { type: 'button', click: () => app.update({ isBlinking: !app.state.isBlinking }) });
  const button = (text: string, label: string, click: () => void) =>
    make('button', { type: 'button', ...(/\w/.test(text) ? {} : { 'aria-label': label }), title: label, click }, text);
  const pictures = make('div', { class: 'row' });
  const element = make(
    'div',
    { class: 'controls' },
    pictures,
    make(
      'div',
      { class: 'row' },
      make(
        'fieldset',
        { class: 'modes' },
        make('legend', { class: 'unseen' }, 'Shown as'),
        ...modes.map((mode) => mode.element),
      ),
      make(
        'div',
        { class: 'buttons', role: 'group', 'aria-label': 'Zoom' },
        button('−', 'Smaller', () => zoomBy(app, stage, Math.SQRT1_2)),
        button('+', 'Larger', () => zoomBy(app, stage, Math.SQRT2)),
        button('1:1', 'One pixel of the picture for one of the screen', () =>
          zoomBy(app, stage, 1 / stage.view().scale),
        ),
        button('Fit', 'The whole picture', () => app.update({ view: null })),
      ),
      ...[gainField, blink],
    ),
  );

  const swap = button('⇄', 'Swap left and right', () => app.update({ left: app.state.right, right: app.state.left }));
  const { scenes } = app.manifest;
  const names = scenes.map(({ name }) => name);
  const scene = makeSelect('Pictures', names, 0, (index) => app.openScene(index));
  let sides = choicesOf(app);
  const place = (): void => {
    sides = choicesOf(app);
    pictures.replaceChildren(
      ...(scenes.length > 1 ? [scene.element] : []),
      sides.left.element,
      swap,
      sides.right.element,
    );
  };
  const show = (): void => {
    const { mode, isBlinking } = app.state;
    scene.choose(app.state.scene);
    sides.left.choose(app.state.left);
    sides.right.choose(app.state.right);
    for (const one of modes) one.input.checked = one.mode === mode;
    gainField.hidden = mode !== 'difference';
    gain.value = String(Math.log2(app.state.gain));
    gainValue.textContent = `× ${app.state.gain}`;
    blink.hidden = mode !== 'blink';
    blink.textContent = isBlinking ? 'Stop blinking' : 'Start blinking';
  };
  place();
  show();
  app.onChange((state, before) => {
    if (state.scene !== before.scene) place();
    show();
  });
  return element;
}

function choicesOf(app: App) {
  const names = app.scene.pictures.map(({ name }) => name);
  return {
    left: makeSelect('Left', names, app.state.left, (index) => app.update({ left: index })),
    right: makeSelect('Right', names, app.state.right, (index) => app.update({ right: index })),
  };
}
