import type { PageManifest, Scene, ScenePicture } from '../manifest.ts';
import type { Viewport } from './view.ts';

export const MODES = [
  ['slider', 'Slider'],
  ['side', 'Side by side'],
  ['blink', 'Blink'],
  ['difference', 'Difference'],
] as const;

export type ViewerMode = (typeof MODES)[number][0];

export interface State {
  readonly scene: number;
  /** Indexes of pictures in the scene. */
  readonly left: number;
  readonly right: number;
  readonly mode: ViewerMode;
  /** Share of the width that the left picture has, 0..1. */
  readonly divider: number;
  /** Differences are shown so many times as large. */
  readonly gain: number;
  readonly isBlinking: boolean;
  /** Which of the two blinking shows now. */
  readonly front: 'left' | 'right';
  /** null: the whole picture, whatever size the panes have. */
  readonly view: Viewport | null;
}

/** What the parts of the page share. */
export class App {
  readonly manifest: PageManifest;
  #state: State;
  readonly #listeners: ((state: State, before: State) => void)[] = [];

  constructor(manifest: PageManifest) {
    this.manifest = manifest;
    const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    this.#state = {
      scene: 0,
      left: 0,
      right: Math.min(1, manifest.scenes[0]!.pictures.length - 1),
      mode: 'slider',
      divider: 0.5,
      gain: 4,
      isBlinking: !calm,
      front: 'left',
      view: null,
    };
  }

  get state(): State {
    return this.#state;
  }

  get scene(): Scene {
    return this.manifest.scenes[this.#state.scene]!;
  }

  picture(side: 'left' | 'right'): ScenePicture {
    return this.scene.pictures[this.#state[side]]!;
  }

  update(changes: Partial<State>): void {
    const before = this.#state;
    this.#state = { ...before, ...changes };
    for (const listener of this.#listeners) listener(this.#state, before);
  }

  /** Another scene keeps the pictures that were chosen, as far as it has them, and the place where the shapes agree. */
  openScene(index: number): void {
    const [before, scenes] = [this.scene, this.manifest.scenes];
    const next = scenes[(index + scenes.length) % scenes.length]!;
    const last = next.pictures.length - 1;
    const isAlike = before.width === next.width && before.height === next.height;
    this.update({
      ...{
        scene: scenes.indexOf(next),
        left: Math.min(this.#state.left, last),
        right: Math.min(this.#state.right, last),
      },
      ...(isAlike ? {} : { view: null }),
    });
  }

  onChange(listener: (state: State, before: State) => void): void {
    this.#listeners.push(listener);
  }
}
