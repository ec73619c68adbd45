// The words of docs/quality.md around the figures of bench/results/quality.json.

/** PSNR and SSIM of luma as printed; null: not in the paper. */
const PAPERS = [
  [
    'bicubic',
    1,
    {
      2: ['33.66 / 0.9299', '30.24 / 0.8688'],
      3: ['30.39 / 0.8682', '27.55 / 0.7742'],
      4: ['28.42 / 0.8104', '26.00 / 0.7027'],
    },
  ],
  [
    'SRCNN',
    1,
    {
      2: ['36.66 / 0.9542', '32.42 / 0.9063'],
      3: ['32.75 / 0.9090', '29.28 / 0.8209'],
      4: ['30.48 / 0.8628', '27.49 / 0.7503'],
    },
  ],
  [
    'EDSR',
    1,
    {
      2: ['38.11 / 0.9601', '33.92 / 0.9195'],
      3: ['34.65 / 0.9282', '30.52 / 0.8462'],
      4: ['32.46 / 0.8968', '28.80 / 0.7876'],
    },
  ],
  ['bicubic, as SRGAN has it', 2, { 4: ['28.43 / 0.8211', '25.99 / 0.7486'] }],
  ['SRResNet', 2, { 4: ['32.05 / 0.9019', '28.49 / 0.8184'] }],
  ['SRGAN', 2, { 4: ['29.40 / 0.8472', '26.02 / 0.7397'] }],
  ['ESRGAN before its adversarial training (RRDB)', 3, { 4: ['32.73 / 0.9011', '28.99 / 0.7917'] }],
];

const NOT_MEASURED = '- | - | -';
/** Plain resampling stands above the networks. */
const KERNELS = ['lanczos', 'bicubic', 'nearest'];

/** Of Set14, under the names that SelfExSR's files have and under those of other releases. */
const SINGLED_OUT = { baboon: /baboon|img_001/, comic: /comic|img_005/ };

export function qualityText({ scores, shown }) {
  const of = (set, scale, model) => scores.find((one) => one.set === set && one.scale === scale && one.model === model);
  const modelsAt = (scale) =>
    [...new Set(scores.filter((one) => one.scale === scale).map(({ model }) => model))].sort(
      (a, b) => KERNELS.indexOf(b) - KERNELS.indexOf(a) || a.localeCompare(b, 'en'),
    );
  const bicubic = of('Set5', 4, 'bicubic');
  return `# Quality in numbers

<!-- Written by bench/quality.mjs: change the words in bench/quality-text.mjs. -->

Set5 and Set14 by every network of the catalogue that could be fetched, by plain resampling, and what papers print. How it
is measured is in [measuring.md](measuring.md): shrunk by bicubic, border of the scale left out, luma rounded; \`upreel eval\`
gives the same for any folder. **No choice should rest on PSNR**: see [what it means](#perception-against-distortion), and
[the gallery](gallery.md) for looking.

${[4, 2, 3].map((scale) => table(scale, modelsAt(scale), of)).join('\n\n')}

PSNR-Y in dB and SSIM-Y: higher is nearer to the original. [NIQE](measuring.md#niqe): lower looks more natural; of the
originals it is ${fixed(bicubic.niqeOriginal)} on Set5 (five small pictures: unsteady) and ${fixed(of('Set14', 4, 'bicubic').niqeOriginal)} on Set14. Bicubic is within ${worstGap(of).toFixed(2)} dB of the papers
at every scale. realesr-general-wdn-x4v3 and realesrgan-x2plus are on no npm registry; the files of the
former were at hand, those of the latter were not.

## What papers print

| PSNR-Y / SSIM-Y | Set5 2x | 3x | 4x | Set14 2x | 3x | 4x | |
|---|---|---|---|---|---|---|---|
${PAPERS.map(([name, source, values]) => `| ${name} | ${[0, 1].flatMap((set) => [2, 3, 4].map((scale) => values[scale]?.[set] ?? '-')).join(' | ')} | ${source} |`).join('\n')}

1. Lim et al., "Enhanced deep residual networks for single image super-resolution", CVPR workshops 2017, table 3: its own and
   those of bicubic and of SRCNN (Dong et al. 2014).
2. Ledig et al., "Photo-realistic single image super-resolution using a generative adversarial network", CVPR 2017, table 2.
   Its SSIM is of another kind: bicubic has 0.8211 there and 0.8104 elsewhere.
3. Wang et al., "ESRGAN: Enhanced super-resolution generative adversarial networks", ECCV workshops 2018, table 2 (trained on
   DF2K). The paper prints no mean for ESRGAN itself: it shows pictures.

## Perception against distortion

Blau and Michaeli ("The perception-distortion tradeoff", CVPR 2018) prove that beyond a point no method can be nearer to
the original on average *and* look more like a photograph: whoever wins the one loses the other. A network that cannot know
where a hair lay does best in PSNR by the mean of all places where it may have lain, a blur; one that draws a hair
somewhere looks right and is punished twice, where it drew and where it did not. So SRGAN falls 2.5 dB behind SRResNet, the same
network without the adversary, and people prefer it: its opinion scores are closer to those of the originals than to
those of any other method (its abstract).

The networks here are Real-ESRGAN's and their kin, trained to draw, and for pictures that are blurred, noisy and compressed
as well. On these clean ones they lie near bicubic in PSNR, or below it. By NIQE all but
realesr-animevideov3, which clears texture away, lie nearer to photographs than plain resampling does:

${tradeoff(of, modelsAt(4))}

The two columns need not agree: that is the point. NIQE has no eyes either ([where it misleads](measuring.md#niqe)): one that
is well below the original's draws more than there was.

## Baboon and comic

The pictures that papers show are of unsettled rights, so they are not here; their numbers are, at 4 times, PSNR-Y in dB and
NIQE. \`upreel eval Set14 --html page.html\` shows them to whoever has them.

| | baboon | comic |
|---|---|---|
| the original | ${Object.values(SINGLED_OUT)
    .map((pattern) => fixedOr(singledOut(of('Set14', 4, 'bicubic'), pattern).niqeOriginal))
    .join(' | ')} |
${modelsAt(4)
  .map(
    (model) =>
      `| ${model} | ${Object.values(SINGLED_OUT)
        .map((pattern) => singled(of('Set14', 4, model), pattern))
        .join(' | ')} |`,
  )
  .join('\n')}

Free pictures in their place, shrunk 4 times and enlarged again: Stéfan van der Walt's Chelsea and bricks from scikit-image's
data (CC0). On the fur NIQE goes with the eye and PSNR against it; on the bricks, which are nearly flat, NIQE misleads: the
original's is worse than bicubic's, and PSNR is the better judge.

![${altText(shown)}](images/quality.webp)
`;
}

function table(scale, models, of) {
  const rows = models.map((model) => {
    const cells = ['Set5', 'Set14'].map((set) => {
      const score = of(set, scale, model);
      if (score === undefined) return NOT_MEASURED;
      return `${fixed(score.psnrY)} | ${score.ssimY.toFixed(4)} | ${fixed(score.niqe)}`;
    });
    return `| ${model} | ${cells.join(' | ')} |`;
  });
  return `## ${scale} times

| | Set5 PSNR-Y | SSIM-Y | NIQE | Set14 PSNR-Y | SSIM-Y | NIQE |
|---|---:|---:|---:|---:|---:|---:|
${rows.join('\n')}`;
}

/** Of bicubic, the largest difference from what papers print. */
function worstGap(of) {
  const [, , values] = PAPERS[0];
  const gaps = Object.entries(values).flatMap(([scale, texts]) =>
    ['Set5', 'Set14'].map((set, at) =>
      Math.abs(of(set, Number(scale), 'bicubic').psnrY - Number.parseFloat(texts[at])),
    ),
  );
  return Math.max(...gaps);
}

/** Set14 from the nearest to the original to the farthest. */
function tradeoff(of, models) {
  const rows = models.flatMap((model) => of('Set14', 4, model) ?? []).sort((a, b) => b.psnrY - a.psnrY);
  const lines = rows.map(({ model, psnrY, niqe }) => `| ${model} | ${fixed(psnrY)} | ${fixed(niqe)} |`);
  return `| Set14, 4 times | PSNR-Y | NIQE |\n|---|---:|---:|\n${lines.join('\n')}`;
}

function singled(score, pattern) {
  if (score === undefined) return '-';
  const { psnrY, niqe } = singledOut(score, pattern);
  return `${fixed(psnrY)}, ${fixedOr(niqe)}`;
}

function singledOut({ each }, pattern) {
  return Object.entries(each).find(([picture]) => pattern.test(picture))[1];
}

function altText(shown) {
  const files = [...new Set(shown.map(({ file }) => file))];
  const rows = files.map((file) => {
    const cells = shown.filter((one) => one.file === file).map(({ name, niqe }) => `${name} (NIQE ${niqe.toFixed(1)})`);
    return `${file.replace('.png', '')}: ${cells.join(', ')}`;
  });
  return `Two rows of crops. ${rows.join('. ')}.`;
}

function fixed(value) {
  return value.toFixed(2);
}

function fixedOr(value) {
  return value === null || value === undefined ? '-' : fixed(value);
}
