import type { SharedFilm } from '../../src/store/index.ts';

const range = (index: number) => ({ index, startFrame: index, endFrame: index + 1, startTicks: null, endTicks: null });
/** Of two segments; its source is a name alone. */
export const FILM: Omit<SharedFilm, 'id'> = {
  program: 'a test',
  input: 'film.mkv',
  output: 'out.mkv',
  identity: { source: { bytes: 1 }, model: { id: 'a' }, settings: {} },
  segments: [range(0), range(1)],
  task: null,
  checkpoint: null,
  planJson: '{}',
  times: new Uint8Array(16),
};
/** What an attempt tells of a segment of it. */
export const madeSegment = (index: number) => ({
  ...{ index, startFrame: index, endFrame: index + 1, ptsTicks: [index], patchedTicks: [], startSeconds: 0 },
  reuse: { frames: 1, framesUnchanged: 0, framesPartly: 0, framesOfWork: 1 },
  parameters: '',
});
