import { type Command, InvalidArgumentError } from 'commander';
import { UpreelError } from '../core/errors.ts';
import { compareRasters, evaluate, readRaster } from '../eval/index.ts';
import { upscaleImage } from '../library.ts';
import { safeText } from '../tui/index.ts';

/** Adds `upreel compare` and `upreel eval`. Actions throw UpreelError. */
export function addEvaluationCommands(program: Command): void {
  program
    .command('compare')
    .description('how alike two pictures of one size are: PSNR, PSNR and SSIM of luma, largest difference')
    .argument('<a>')
    .argument('<b>')
    .option('--border <px>', 'leave out this much on each side', wholeNumber(0), 0)
    .option('--json', 'one JSON object')
    .action(async (a: string, b: string, flags: { border: number }, command: Command) => {
      const [left, right] = [await readRaster(a), await readRaster(b)];
      if (left.width !== right.width || left.height !== right.height) {
        const sizes = `${left.width}x${left.height} and ${right.width}x${right.height}`;
        throw new UpreelError('usage', `Expected two pictures of one size, got ${sizes}.`);
      }
      const result = compareRasters(left, right, flags.border);
      if (command.optsWithGlobals().json) print(JSON.stringify({ v: 1, type: 'comparison', ...result }));
      else {
        print(`PSNR ${decibels(result.psnr)}, PSNR-Y ${decibels(result.psnrY)}, SSIM-Y ${similarity(result.ssimY)},`);
        print(`largest difference ${result.maxDifference.toFixed(1)} of 255`);
      }
    });

  program
    .command('eval')
    .description('score models on a folder of full-size pictures, as the papers do')
    .argument('<folder>')
    .option('--scale <n>', 'shrink and enlarge by this factor', wholeNumber(2), 4)
    .option('--models <ids>', 'separated by commas; "bicubic" is plain resampling', 'bicubic,realesr-general-x4v3')
    .option('--json', 'one JSON line per model')
    .action(async (folder: string, flags: { models: string }, command: Command) => {
      // The root has a --scale too, and takes it when it comes first.
      const { json, scale, device } = command.optsWithGlobals<{ json?: boolean; scale: number; device: 'auto' }>();
      const scores = await evaluate({
        folder,
        scale,
        models: flags.models.split(',').filter(Boolean),
        upscale: async (input, output, model) => {
          await upscaleImage(input, { output, model, device, target: { scale }, overwrite: true });
        },
      });
      if (json) for (const score of scores) print(JSON.stringify({ v: 1, type: 'score', scale, ...score }));
      else print(table(scores));
    });
}

function table(scores: Awaited<ReturnType<typeof evaluate>>): string {
  const width = Math.max(5, ...scores.map(({ model }) => model.length));
  const head = `${'MODEL'.padEnd(width)}  PICTURES   PSNR-Y    SSIM-Y`;
  const rows = scores.map(({ model, pictures, psnrY, ssimY }) => {
    const cells = [String(pictures).padStart(8), decibels(psnrY).padStart(8), similarity(ssimY).padStart(8)];
    return `${model.padEnd(width)}  ${cells.join('  ')}`;
  });
  return [head, ...rows].join('\n');
}

function decibels(value: number | null): string {
  return value === null ? 'equal' : `${value.toFixed(2)} dB`;
}

function similarity(value: number | null): string {
  return value === null ? '-' : value.toFixed(4);
}

function wholeNumber(least: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (!Number.isInteger(number) || number < least)
      throw new InvalidArgumentError(`It takes a whole number from ${least}.`);
    return number;
  };
}

function print(text: string): void {
  console.log(
    text
      .split('\n')
      .map((line) => safeText(line))
      .join('\n'),
  );
}
