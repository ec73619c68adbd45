/**
 * Upscales one clip with the built program in a process of its own, to be killed. Tells on stdout when it has started
 * and when frames were written; exits with the error's exit code. Its last argument is JSON.
 */
import { UpreelError } from '../../dist/core/errors.js';
import { upscaleFilm, videoSettingsSchema } from '../../dist/video/index.js';

const { input, output, settings, delayMs, model = 'copies' } = JSON.parse(process.argv.at(-1));
const upscaler = {
  scale: 2,
  device: 'test',
  lanes: 1,
  countTiles: () => 1,
  warmUp: async () => {},
  async upscale(source, { onTile, signal }) {
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    signal?.throwIfAborted();
    const data = new Uint8Array(source.data.length * 4);
    for (let offset = 0; offset < data.length; offset += source.data.length) data.set(source.data, offset);
    onTile(source.width * source.height * 4);
    return { ...source, width: source.width * 2, height: source.height * 2, data };
  },
};
const drain = new AbortController();
process.on('SIGINT', () => drain.abort(new UpreelError('interrupted', 'Interrupted.')));
let told = -1;
const onEvent = (event) => {
  if (event.type === 'started') console.log(`started after ${event.framesKept}`);
  if (event.type === 'warning') console.log(`warning ${event.code}`);
  if (event.type !== 'progress' || event.framesDone === told) return;
  told = event.framesDone;
  console.log(`frames ${told}`);
};
try {
  const job = { model: { id: model }, flopsPerPixel: 0, program: 'a test', task: null };
  await upscaleFilm(
    { input, output, model, settings: videoSettingsSchema.parse({ ...settings, reuse: false }), job, making: null },
    { upscaler, onEvent, signal: new AbortController().signal, drain: drain.signal },
  );
} catch (error) {
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = error.exitCode ?? 1;
}
