import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { randomCompact } from '../core/model/writers/random-networks.ts';
import { writeSafetensors } from '../core/model/writers/safetensors-writer.ts';
import { decodeRgb, ffmpeg, H264, pattern, probe, temporaryFolder } from '../support/clips.ts';
import { type Finished, upreel } from '../support/command.ts';
import { BUCKET, TestS3 } from '../support/s3.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const FRAMES = 12;
const MODEL = ['-m', at('tiny.safetensors')];
const FILM_HOW = [...MODEL, '--encoder', 'ffv1', '--segment-seconds', '0.5', '--fps', '12'];
const PICTURES_HOW = [...MODEL, '--encoder', 'png', '--segment-seconds', '0.5'];
const HERE = ['--device', 'cpu', '--threads', '1'];

let s3: TestS3;
let env: Record<string, string>;
let number = 0;

beforeAll(async () => {
  mkdirSync(at('frames'), { recursive: true });
  writeFileSync(at('tiny.safetensors'), writeSafetensors(randomCompact(16, 4, 2, 7)));
  const clip = pattern(1, { size: '64x48', rate: `${FRAMES}` });
  ffmpeg(...clip, at('frames/shot.%04d.png'));
  ffmpeg(...clip, ...H264, at('film.mp4'));
  ffmpeg('-f', 'lavfi', '-i', 'sine=duration=1', at('sound.wav'));
  s3 = await TestS3.start(at('s3'));
  env = { UPREEL_CACHE: at('cache'), XDG_STATE_HOME: at('state'), ...s3.env };
  const local = (...args: string[]) => upreel([...args, ...HERE, '--json'], env);
  const sound = ['--sound', at('sound.wav')];
  expect(await local(at('frames'), '-o', at('whole.mkv'), ...FILM_HOW, ...sound)).toMatchObject({ code: 0 });
  expect(await local(at('film.mp4'), '-o', at('whole/%06d.png'), ...PICTURES_HOW)).toMatchObject({ code: 0 });
});

afterAll(() => s3?.kill());

/** A prefix of its own. */
function tenant() {
  const prefix = `tenant ${++number}`;
  const store = `s3://${BUCKET}/${prefix}`;
  const keys = () => s3.keys().flatMap((key) => (key.startsWith(`${prefix}/`) ? [key.slice(prefix.length + 1)] : []));
  const run = (...args: string[]) => upreel([...args, '--store', store], env);
  return {
    store,
    keys,
    /** Those that are people's. */
    names: () => keys().filter((key) => !key.startsWith('.')),
    put: (way: string, file: string, told = {}) => s3.put(`${prefix}/${way}`, readFileSync(file), told),
    fileOf: (way: string) => s3.fileOf(`${prefix}/${way}`),
    told: (way: string) => s3.told(`${prefix}/${way}`),
    run,
    submit: (...args: string[]) => run('submit', ...args, '--plan-only', '--json'),
    async make({ records, err }: Finished): Promise<void> {
      expect(err).toBe('');
      const [{ id, segments }] = records as [{ id: string; segments: number }];
      for (let part = 1; part <= segments; part++) {
        expect(await run('segment', id, `${part}`, ...HERE)).toMatchObject({ code: 0, err: '' });
      }
      expect(await run('join', id)).toMatchObject({ code: 0, err: '', out: `${id}: ${FRAMES} frames joined\n` });
    },
  };
}

const PNG = /shot\.\d{4}\.png$/;
const shots = () => readdirSync(at('frames')).filter((name) => PNG.test(name));

describe('pictures as a film, in a bucket', () => {
  test('are sent from a folder of this machine, with their sound, and become the film that one machine makes', async () => {
    const { submit, make, names, keys, fileOf, store } = tenant();
    const how = [...FILM_HOW, '--sound', at('sound.wav'), '--report', `${store}/told.json`];
    await make(await submit(at('frames'), '-o', `${store}/out.mkv`, ...how));
    expect(names()).toEqual(['out.mkv', 'told.json']);
    expect(decodeRgb(fileOf('out.mkv')).equals(decodeRgb(at('whole.mkv')))).toBe(true);
    expect(probe(fileOf('out.mkv')).streams.map(({ codec_type }) => codec_type)).toEqual(['video', 'audio']);
    const sent = keys().flatMap((key) => /^\.upreel-fleet\/sources\/[0-9a-f]{64}\/(.*)$/.exec(key)?.[1] ?? []);
    expect(sent).toEqual(['set.json', ...shots(), 'sound.wav']);
    expect(keys().filter((key) => key.includes('/films/'))).toEqual([]);
  });

  test('may lie there, by pattern and number, and stay where they are; the result has their time', async () => {
    const { submit, make, put, keys, names, fileOf, told, store } = tenant();
    for (const name of shots()) await put(`in/${name}`, at(`frames/${name}`), { mtime: '912340800.25' });
    await put('sound.wav', at('sound.wav'));
    const named = [`${store}/in/*.png`, `${store}/in/`, `${store}/in`, `${store}/in/shot.%04d.png`];
    for (const name of named) {
      const planned = await submit(name, '-o', `${store}/${named.indexOf(name)}.mkv`, ...FILM_HOW);
      expect(planned).toMatchObject({ code: 0, err: '', records: [{ frames: FRAMES }] });
      // Nobody is told of this machine's own folders.
      expect(planned.out).not.toContain(folder);
      expect(planned.out).toContain(`pictures of ${store}/in`);
    }
    const plans = keys().filter((key) => key.endsWith('plan.json'));
    for (const key of plans) expect(readFileSync(fileOf(key), 'utf8')).not.toContain(folder);
    const how = [...FILM_HOW, '--sound', `${store}/sound.wav`, '--keep-times'];
    await make(await submit(`${store}/in/shot.%04d.png`, '-o', `${store}/out.mkv`, ...how));
    expect(decodeRgb(fileOf('out.mkv')).equals(decodeRgb(at('whole.mkv')))).toBe(true);
    expect(await told('out.mkv')).toMatchObject({ mtime: '912340800.25' });
    expect(names()).toEqual([...shots().map((name) => `in/${name}`), 'out.mkv', 'sound.wav']);
    expect(keys().filter((key) => /sources.*\/(?!set\.json$)/.test(key.replace(/[0-9a-f]{64}\//, '')))).toHaveLength(0);
  });

  test('are not replaced by what is made of them, nor is their sound', async () => {
    const { submit, put, store } = tenant();
    for (const name of shots()) await put(`in/${name}`, at(`frames/${name}`));
    for (const way of ['sounds/a.wav', 'sounds/tape.mkv']) await put(way, at('sound.wav'));
    const film = (sound: string, ...names: string[]) =>
      submit(`${store}/in/`, ...FILM_HOW, '--overwrite', '--sound', `${store}/sounds/${sound}`, ...names);
    for (const planned of [
      await film('tape.mkv', '-o', `${store}/sounds/tape.mkv`),
      await film('a.wav', '-o', `${store}/out.mkv`, '--report', `${store}/sounds/a.wav`),
      await film('a.wav', '-o', `${store}/out.mkv`, '--report', `${store}/in/${shots()[0]}`),
      await film('a.wav', '-o', `${store}/out.mkv`, '--report', `${store}/out.mkv`),
    ]) {
      expect(planned).toMatchObject({ code: 2, err: expect.stringContaining('cannot be two of source, result') });
    }
  });

  test('are a film’s result, in a folder of their own', async () => {
    const { submit, make, names, fileOf, told, store } = tenant();
    const how = [...PICTURES_HOW, '--keep-times', '--report', `${store}/told.json`];
    const within = await submit(at('film.mp4'), '-o', `${store}/up`, ...PICTURES_HOW, '--report', `${store}/up/r.json`);
    expect(within).toMatchObject({ code: 2, err: expect.stringContaining('cannot be two of') });
    await make(await submit(at('film.mp4'), '-o', `${store}/up`, ...how));
    const pictures = readdirSync(at('whole')).sort();
    expect(pictures).toHaveLength(FRAMES);
    expect(names()).toEqual(['told.json', ...pictures.map((name) => `up/${name}`)]);
    for (const name of pictures) {
      expect(readFileSync(fileOf(`up/${name}`)).equals(readFileSync(at(`whole/${name}`)))).toBe(true);
    }
    expect((await told('up/000001.png')).mtime).toMatch(/^\d+\.?\d*$/);
    expect(JSON.parse(readFileSync(fileOf('told.json'), 'utf8'))).toMatchObject({ output: `${store}/up/%06d.png` });
    const again = await submit(at('film.mp4'), '-o', `${store}/up`, ...PICTURES_HOW);
    expect(again).toMatchObject({ code: 2, err: expect.stringContaining('is not empty') });
    const over = await submit(`${store}/up/%06d.png`, '-o', `${store}/up`, ...PICTURES_HOW, '--overwrite');
    expect(over).toMatchObject({ code: 2, err: expect.stringContaining('cannot be two of') });
  });
});

describe('films in a bucket', () => {
  const outputs = ({ records }: Finished) => records.map(({ output }) => output);

  test('are named by patterns and folders, as those of this machine are', async () => {
    const { submit, put, store } = tenant();
    for (const way of ['a/1.mp4', 'a/2.mp4', 'a/b/3.mp4', 'c.mp4', 'a/1.upreel-2x.mp4', 'a/notes.txt', 'a/.4.mp4']) {
      await put(way, at('film.mp4'));
    }
    const results = (...ways: string[]) => ways.map((way) => `${store}/${way}`);
    const [one, two] = ['a/1.upreel-2x.mp4', 'a/2.upreel-2x.mp4'];
    const again = [...MODEL, '--overwrite'];
    const submitted = async (...names: string[]) => outputs(await submit(...names, ...again));
    expect(await submitted(`${store}/a/*.mp4`)).toEqual(results(one, two));
    expect(await submitted(`${store}/a`)).toEqual(results(one, two));
    expect(await submitted(`${store}/a/`, '--recursive')).toEqual(results(one, two, 'a/b/3.upreel-2x.mp4'));
    expect(await submitted(`${store}/**/{2,3,c}.*`)).toEqual(results(two, 'a/b/3.upreel-2x.mp4', 'c.upreel-2x.mp4'));
    expect(await submitted(`${store}/a/`, `${store}/c.mp4`, '-o', 'out/', '--recursive')).toEqual(
      results('out/1.upreel-2x.mp4', 'out/2.upreel-2x.mp4', 'out/b/3.upreel-2x.mp4', 'out/c.upreel-2x.mp4'),
    );
    // One of that very name is that one.
    await put('x[1].mp4', at('film.mp4'));
    expect(await submitted(`${store}/x[1].mp4`)).toEqual(results('x[1].upreel-2x.mp4'));
    const none = await submit(`${store}/a/*.mkv`, ...MODEL);
    expect(none).toMatchObject({ code: 2, err: expect.stringContaining('No picture or video matches') });
    const gone = await submit(`${store}/none.mkv`, ...MODEL);
    expect(gone.err).toContain(`There is no ${store}/none.mkv`);
    const foreign = await submit('s3://elsewhere/*.mkv', ...MODEL);
    expect(foreign).toMatchObject({ code: 2, err: expect.stringContaining('is not in the store') });
    const two_ = await submit(`${store}/a/*.mp4`, '-o', `${store}/one.mkv`, ...MODEL);
    expect(two_).toMatchObject({ code: 2, err: expect.stringContaining('names one film') });
  });

  test('are told by names that do nothing to a terminal, and in hidden folders that are named', async () => {
    const { run, put, store } = tenant();
    const name = 'gnp\u202e\u009b31m.mp4';
    for (const way of [`.in/${name}`, '.in/.2.mp4', '.in/3.mp4']) await put(way, at('film.mp4'));
    const { code, out, err } = await run('submit', `${store}/.in/*.mp4`, ...MODEL, '--plan-only');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out.split('\n').filter((line) => line.includes(' -> '))).toHaveLength(2);
    expect(out).toContain('gnp\\u202e\\x9b31m.mp4');
    expect(out).not.toMatch(/[\u202e\u009b]/);
  });

  test('of this machine are named by patterns that no shell has seen, beside those that lie there', async () => {
    const { submit, put, store } = tenant();
    mkdirSync(at('local'), { recursive: true });
    for (const name of ['1.mp4', '2.mp4']) writeFileSync(at(`local/${name}`), readFileSync(at('film.mp4')));
    await put('there/3.mp4', at('film.mp4'));
    const planned = await submit(join(at('local'), '*.mp4'), `${store}/there/*`, ...MODEL);
    expect(planned.err).toBe('');
    expect(outputs(planned)).toEqual(
      ['1.upreel-2x.mp4', '2.upreel-2x.mp4', 'there/3.upreel-2x.mp4'].map((way) => `${store}/${way}`),
    );
  });
});
