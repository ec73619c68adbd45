// The networks as they are written for x64 against the same networks in plain operators: time of session.run on one
// thread, in turns, and whether the results are the same. Environment: MODELS, PICTURE (a file), SIDE, ROUNDS.
import { InferenceSession, Tensor } from 'onnxruntime-node';
import sharp from 'sharp';
import { loadModel } from '../dist/core/model/index.js';
import { spread } from './support.mjs';

const MODELS = 'realesr-general-x4v3,realesr-animevideov3-x4,realesr-animevideov3-x2,realesrgan-x4plus-anime';
const models = (process.env.MODELS ?? MODELS).split(',');
const SIDE = Number(process.env.SIDE ?? 128);
const ROUNDS = Number(process.env.ROUNDS ?? 7);

// Not flat: there PReLU's branch would be foretold.
const noise = { type: 'gaussian', mean: 128, sigma: 60 };
const coarse = { create: { width: SIDE >> 2, height: SIDE >> 2, channels: 3, background: '#000', noise } };
const picture = await sharp(process.env.PICTURE ?? coarse)
  .resize(SIDE, SIDE, { fit: 'cover' })
  .removeAlpha()
  .toColourspace('srgb')
  .raw()
  .toBuffer();

console.log(`${SIDE}x${SIDE}, one thread, ${ROUNDS} rounds: seconds plain / seconds for x64, median (min..max)`);
for (const id of models) {
  const model = await loadModel(id);
  const [plain, fast] = [await open(model, 'any'), await open(model, 'x64')];
  const [expected, actual] = [(await run(plain)).data, (await run(fast)).data];
  const ratios = [];
  for (let round = 0; round < ROUNDS; round++) ratios.push((await run(plain)).seconds / (await run(fast)).seconds);
  const differing = expected.filter((value, index) => value !== actual[index]).length;
  console.log(`  ${id}: ${spread(ratios)}; ${differing} of ${expected.length} samples differ`);
}

async function open(model, target) {
  const file = await model.networkFile({ bytesPerSample: 1, channels: 3, target });
  return InferenceSession.create(file, {
    intraOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    enableMemPattern: false,
  });
}

async function run(session) {
  const source = new Tensor('uint8', new Uint8Array(picture), [1, SIDE, SIDE, 3]);
  const start = performance.now();
  const { upscaled } = await session.run({ source });
  return { seconds: (performance.now() - start) / 1000, data: upscaled.data };
}
