import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type ClientRequest, type IncomingMessage, request as send } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BridgeRequest, BridgeUpscaleOptions } from '../../src/bridge/index.ts';
import { LIMITS, type StreamEvent, streamEventSchema } from '../../src/bridge/protocol.ts';
import { StreamReader } from '../../src/bridge/stream-reader.ts';
import { createPicture, joinAlpha, NO_METADATA, openPicture, splitAlpha } from '../../src/core/codec/index.ts';
import type { Raster } from '../../src/core/pixels/raster.ts';
import { randomCompact } from '../core/model/writers/random-networks.ts';
import { writeSafetensors } from '../core/model/writers/safetensors-writer.ts';
import { CLI } from '../support/dist.ts';
import { MODEL_TEST_TIMEOUT, testModel, testModelEnv } from '../support/models.ts';
import { allEnded, descendantsOf, until } from '../support/processes.ts';
import { startService, type TestService } from '../support/service.ts';

const MODEL = 'realesr-animevideov3-x2';
const SIZE = { width: 50, height: 39 };
const KINDS = ([1, 2, 3, 4] as const).flatMap((channels) =>
  (['u8', 'u16'] as const).map((depth) => ({ channels, depth, name: `${channels}-${depth}` })),
);

let folder: string;
let service: TestService;

beforeAll(async () => {
  await testModel(MODEL);
  folder = await mkdtemp(join(tmpdir(), 'upreel-bridge-'));
  service = await startService();
}, MODEL_TEST_TIMEOUT);
afterAll(async () => {
  await service?.close();
  await rm(folder, { recursive: true, force: true });
});

describe('pixels through the service', () => {
  beforeAll(async () => {
    const sources = join(folder, 'in');
    await mkdir(sources);
    for (const kind of KINDS) await writePng(join(sources, `${kind.name}.png`), kind);
    const names = KINDS.map(({ name }) => join(sources, `${name}.png`));
    await upreel(...names, '-o', join(folder, 'native'), '-m', MODEL, '--tile', '24');
    await upreel(...names, '-o', join(folder, 'scale3'), '-m', MODEL, '--tile', '24', '--scale', '3');
    await upreel(...names, '-o', join(folder, 'fit'), '-m', MODEL, '--tile', '24', '--size', '70x200');
  }, MODEL_TEST_TIMEOUT);

  test.each(KINDS)('equal what the command makes of a PNG: $name', async ({ channels, depth, name }) => {
    const targets = [
      { result: 'native', label: '2x', target: undefined },
      { result: 'scale3', label: '3x', target: { scale: 3 } },
      { result: 'fit', label: '70x200', target: { width: 70, height: 200 } },
    ];
    for (const { result, label, target } of targets) {
      const request: BridgeRequest = { ...SIZE, channels, depth, model: MODEL, tile: 24, ...(target && { target }) };
      const got = await service.client.upscale(request, pixelsFor(channels, depth));
      const expected = await readPng(join(folder, result, `${name}.upreel-${label}.png`));
      expect([result, got.width, got.height]).toEqual([result, expected.width, expected.height]);
      expect(Buffer.compare(got.pixels, expected.pixels), result).toBe(0);
    }
  });

  test('of floats are those of 16 bits', async () => {
    const wide = new Uint16Array(pixelsFor(4, 'u16').buffer);
    const floats = Float32Array.from(wide, (sample) => sample / 65_535);
    const request = { ...SIZE, channels: 4, model: MODEL, tile: 24 } as const;
    const asFloats = await service.client.upscale({ ...request, depth: 'f32' }, new Uint8Array(floats.buffer));
    const asWide = await service.client.upscale({ ...request, depth: 'u16' }, pixelsFor(4, 'u16'));
    const back = Uint16Array.from(new Float32Array(asFloats.pixels.buffer), (sample) => Math.round(sample * 65_535));
    expect(Buffer.compare(new Uint8Array(back.buffer), asWide.pixels)).toBe(0);
  });

  test('of no strength are the source resampled, and half strength lies between', async () => {
    const request = { ...SIZE, channels: 3, depth: 'u8', model: MODEL } as const;
    const at = async (strength: number) =>
      (await service.client.upscale({ ...request, strength }, pixelsFor(3, 'u8'))).pixels;
    const [none, half, full] = [await at(0), await at(0.5), await at(1)];
    expect(Buffer.compare(none, full)).not.toBe(0);
    expect([...half]).toEqual([...none].map((sample, index) => Math.round((sample + full[index]!) / 2)));
  });

  test.each(['u8', 'u16'] as const)('asked eight times are those of the command with --tta: %s', async (depth) => {
    const source = join(folder, 'in', `3-${depth}.png`);
    const target = join(folder, `tta-${depth}.png`);
    await upreel(source, '-o', target, '-m', MODEL, '--tile', '24', '--tta');
    const request = { ...SIZE, channels: 3, depth, model: MODEL, tile: 24 } as const;
    const got = await service.client.upscale({ ...request, ensemble: true }, pixelsFor(3, depth));
    expect(Buffer.compare(got.pixels, (await readPng(target)).pixels)).toBe(0);
    const once = await service.client.upscale(request, pixelsFor(3, depth));
    expect(Buffer.compare(got.pixels, once.pixels)).not.toBe(0);
  });

  test('with less denoise are those of the command with --denoise', async () => {
    const models = join(folder, 'models');
    await mkdir(models);
    for (const [seed, name] of ['realesr-general-x4v3', 'realesr-general-wdn-x4v3', 'mine'].entries()) {
      await writeFile(join(models, `${name}.safetensors`), writeSafetensors(randomCompact(4, 1, 4, seed + 1)));
    }
    const env = { UPREEL_MODELS: models, UPREEL_CACHE: join(folder, 'cache') };
    const other = await startService({ env });
    try {
      const adjustable = (await other.client.models()).filter(({ denoise }) => denoise).map(({ id }) => id);
      expect(adjustable).toEqual(['realesr-general-x4v3']);
      const request = { ...SIZE, channels: 3, depth: 'u8', model: 'realesr-general-x4v3' } as const;
      const source = join(folder, 'in', '3-u8.png');
      const results = [];
      for (const denoise of [0, 0.3, 1]) {
        const target = join(folder, `denoise-${denoise}.png`);
        await upreelWith(env, source, '-o', target, '-m', request.model, '--denoise', `${denoise}`);
        const { pixels } = await other.client.upscale({ ...request, denoise }, pixelsFor(3, 'u8'));
        expect(Buffer.compare(pixels, (await readPng(target)).pixels), `${denoise}`).toBe(0);
        results.push(Buffer.from(pixels).toString('base64'));
      }
      expect(new Set(results).size).toBe(3);
      const { pixels } = await other.client.upscale(request, pixelsFor(3, 'u8'));
      expect(Buffer.from(pixels).toString('base64')).toBe(results[2]);
      const refused = other.client.upscale({ ...request, model: 'mine', denoise: 0.5 }, pixelsFor(3, 'u8'));
      await expect(refused).rejects.toMatchObject({
        code: 'usage',
        hint: 'Leave it out, or use realesr-general-x4v3.',
      });
    } finally {
      await other.close();
    }
  }, 180_000);
});

describe('a running job', { timeout: 180_000 }, () => {
  test('tells its progress, and is listed until it has told its end', async () => {
    // Half of the pixels hold it where it is, however fast the machine is.
    const job = await holdJob({ ...LARGE, height: 150 });
    expect(await service.client.jobs()).toMatchObject([
      { state: 'running', model: MODEL, width: LARGE.width, height: 150, fraction: 0 },
    ]);
    const events = await job.finish();
    const fractions = events.flatMap((event) => (event.event === 'progress' ? [event.fraction] : []));
    expect(fractions.length).toBeGreaterThan(1);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    expect([fractions[0], fractions.at(-1)]).toEqual([0, 1]);
    expect(events.at(-1)!.event).toBe('done');
    expect(await service.client.jobs()).toEqual([]);
  });

  test('ends at once when its connection closes, and the next one runs', async () => {
    const controller = new AbortController();
    let started = false;
    const running = service.client.upscale(LARGE, largePixels(), {
      signal: controller.signal,
      onEvent: ({ event }) => {
        started ||= event === 'progress';
      },
    });
    await until(() => started, 90_000);
    const engines = descendantsOf(service.child.pid!);
    controller.abort(new Error('enough'));
    await expect(running).rejects.toThrow('enough');
    await allEnded(engines, 15_000);
    const small = await service.client.upscale({ ...SIZE, channels: 3, depth: 'u8', model: MODEL }, pixelsFor(3, 'u8'));
    expect(small.width).toBe(SIZE.width * 2);
  });

  test('whose engine is killed gets an error, and the next one runs', async () => {
    let started = false;
    const running = service.client.upscale(LARGE, largePixels(), {
      onEvent: ({ event }) => {
        started ||= event === 'progress';
      },
    });
    await until(() => started, 90_000);
    // Not SIGKILL, which the system uses for lack of memory and upreel takes for it.
    for (const engine of descendantsOf(service.child.pid!)) process.kill(engine, 'SIGSEGV');
    await expect(running).rejects.toMatchObject({ code: 'engine-died' });
    const small = await service.client.upscale({ ...SIZE, channels: 3, depth: 'u8', model: MODEL }, pixelsFor(3, 'u8'));
    expect(small.width).toBe(SIZE.width * 2);
  });

  test('lets others wait, in order, up to the limit', async () => {
    const first = await holdJob(SMALL);
    const order: number[] = [];
    const positions: number[] = [];
    const waiting: Promise<number>[] = [];
    for (let index = 0; index < LIMITS.waitingJobs; index++) {
      const onEvent: BridgeUpscaleOptions['onEvent'] = (event) =>
        event.event === 'queued' && positions.push(event.position);
      waiting.push(service.client.upscale(SMALL, pixelsFor(3, 'u8'), { onEvent }).then(() => order.push(index)));
      await expect.poll(async () => (await service.client.jobs()).length, WAIT).toBe(index + 2);
    }
    await expect(service.client.upscale(SMALL, pixelsFor(3, 'u8'))).rejects.toThrow(
      'Too many jobs are waiting already.',
    );
    await first.finish();
    await Promise.all(waiting);
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect([Math.min(...positions), Math.max(...positions)]).toEqual([1, LIMITS.waitingJobs]);
  });

  test('can be cancelled by its id', async () => {
    const running = service.client.upscale(LARGE, largePixels());
    const outcome = expect(running).rejects.toMatchObject({ code: 'interrupted', message: 'The job was cancelled.' });
    const [job] = await waitForJob();
    await service.client.cancel(job!.id);
    await outcome;
  });
});

describe('a request that cannot be met', () => {
  test.each([
    ['an unknown model', { model: 'no-such-model' }, 'model-missing'],
    ['a path for a model', { model: '/etc/passwd' }, 'usage'],
    ['a file for a model', { model: 'weights.pth' }, 'usage'],
    ['a way up for a model', { model: 'a..b' }, 'usage'],
    ['a size of nothing', { width: 0 }, 'usage'],
    ['an unknown field', { colour: 'red' }, 'usage'],
    ['a body of another size', { height: 40 }, 'input-damaged'],
  ])('is refused with a code and without paths: %s', async (_, change, code) => {
    const good = { ...SIZE, channels: 3, depth: 'u8', model: MODEL } as const;
    const failure = await askRaw({ ...good, ...change }, pixelsFor(3, 'u8'));
    expect(failure.code).toBe(code);
    expect(JSON.stringify(failure)).not.toMatch(/(?:\/(?:tmp|home|root|etc)|upreel-test-cache)/);
  });
});

/** So large that it runs on while a test looks at it, also on a fast machine. */
const LARGE = { width: 1000, height: 1200, channels: 3, depth: 'u8', model: MODEL, tile: 64 } as const;
const SMALL = { ...SIZE, channels: 3, depth: 'u8', model: MODEL } as const;
const WAIT = { timeout: 20_000 };

function largePixels(): Uint8Array {
  return new Uint8Array(LARGE.width * LARGE.height * 3).map((_, index) => (index * 7919) >> 4);
}

/** A job that runs and has only half of its pixels; `finish` sends the rest and gives the events to the end. */
async function holdJob(request: typeof LARGE | typeof SMALL | (Omit<typeof LARGE, 'height'> & { height: number })) {
  const pixels = new Uint8Array(request.width * request.height * 3).map((_, index) => (index * 7919) >> 4);
  const half = pixels.byteLength >> 1;
  const outgoing = openUpscale(request, pixels.byteLength);
  outgoing.write(pixels.subarray(0, half));
  const response = await new Promise<IncomingMessage>((resolve, reject) =>
    outgoing.once('response', resolve).once('error', reject),
  );
  const reader = new StreamReader(response);
  const events: StreamEvent[] = [];
  const readUntil = async (last: StreamEvent['event']): Promise<void> => {
    do {
      const event = streamEventSchema.parse(JSON.parse(await reader.line()));
      events.push(event);
      if (event.event === 'rows') await reader.into(new Uint8Array(event.bytes));
    } while (events.at(-1)!.event !== last);
  };
  await readUntil('started');
  return {
    async finish(): Promise<StreamEvent[]> {
      outgoing.end(pixels.subarray(half));
      await readUntil('done');
      return events;
    },
  };
}

function openUpscale(request: object, bodyBytes: number): ClientRequest {
  return send({
    ...{ host: '127.0.0.1', port: service.state.port, method: 'POST', path: '/v1/upscale' },
    headers: {
      authorization: `Bearer ${service.state.token}`,
      'content-type': 'application/octet-stream',
      'content-length': bodyBytes,
      'upreel-request': JSON.stringify(request),
    },
  });
}

async function waitForJob() {
  for (;;) {
    const jobs = await service.client.jobs();
    if (jobs.length > 0) return jobs;
  }
}

/** The error body of a refusal, or of the stream's last line. */
async function askRaw(request: object, body: Uint8Array): Promise<{ code: string }> {
  const response = await new Promise<string>((resolve, reject) => {
    const outgoing = openUpscale(request, body.byteLength);
    outgoing.on('response', (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      answer.on('end', () => resolve(text));
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
  return JSON.parse(response.trim().split('\n').at(-1)!) as { code: string };
}

function pixelsFor(channels: 1 | 2 | 3 | 4, depth: 'u8' | 'u16'): Uint8Array<ArrayBuffer> {
  const samples = SIZE.width * SIZE.height * channels;
  const full = depth === 'u8' ? 255 : 65_535;
  const values = Array.from({ length: samples }, (_, index) => {
    const pixel = Math.floor(index / channels);
    const wave = Math.sin((pixel % SIZE.width) / 5 + (index % channels)) * Math.cos(pixel / SIZE.width / 7);
    return Math.round(full * (0.5 + 0.5 * wave));
  });
  return depth === 'u8' ? Uint8Array.from(values) : new Uint8Array(Uint16Array.from(values).buffer);
}

async function writePng(path: string, { channels: bands, depth }: (typeof KINDS)[number]): Promise<void> {
  const channels = bands <= 2 ? 1 : 3;
  const bytesPerSample = depth === 'u8' ? 1 : 2;
  const data = pixelsFor(bands, depth);
  const whole: Raster = { ...SIZE, channels, bytesPerSample, data };
  const { colour, alpha } =
    bands === channels
      ? { colour: whole, alpha: null }
      : splitAlpha(data, { ...SIZE, bands, channels, bytesPerSample });
  const sink = await createPicture(path, {
    ...{ pages: [{ ...SIZE, resizeTo: null }], channels, bytesPerSample, alpha: alpha !== null, format: 'png' },
    ...{
      quality: null,
      effort: 'balanced',
      lossless: false,
      metadata: NO_METADATA,
      strip: false,
      made: null,
      flatten: null,
      overwrite: false,
    },
  });
  await sink.writeRows({ colour, alpha });
  await sink.finish();
}

async function readPng(path: string): Promise<{ width: number; height: number; pixels: Uint8Array }> {
  const reader = await openPicture(path, { maxInputMegapixels: 10 });
  const { width, height, colour, alpha } = await reader.readPage(0);
  return { width, height, pixels: alpha === null ? colour.data : joinAlpha(colour, alpha) };
}

function upreel(...args: string[]): Promise<void> {
  return upreelWith(testModelEnv(), ...args);
}

function upreelWith(env: Readonly<Record<string, string>>, ...args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CLI, ...args, '--no-tui', '--device', 'cpu'], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`upreel ended with ${code}.`))));
  });
}
