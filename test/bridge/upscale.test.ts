import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { request as send } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BridgeRequest } from '../../src/bridge/index.ts';
import { createPicture, joinAlpha, NO_METADATA, openPicture, splitAlpha } from '../../src/core/codec/index.ts';
import type { Raster } from '../../src/core/raster.ts';
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

  test('asked eight times do not depend on how the source is mirrored', async () => {
    const request = { ...SIZE, channels: 1, depth: 'u8', model: MODEL, ensemble: true } as const;
    const source = pixelsFor(1, 'u8');
    const there = (await service.client.upscale(request, source)).pixels;
    const mirrored = (await service.client.upscale(request, mirrorRows(source, SIZE.width))).pixels;
    expect(Buffer.compare(mirrorRows(mirrored, SIZE.width * 2), there)).toBe(0);
  });
});

describe('a running job', () => {
  test('tells its progress and is listed', async () => {
    const lines: string[] = [];
    const running = service.client.upscale(
      { ...LARGE, height: 150 },
      largePixels().subarray(0, LARGE.width * 150 * 3),
      {
        onEvent: ({ event }) => lines.push(event),
      },
    );
    await until(() => lines.includes('progress'), 20_000);
    expect(await service.client.jobs()).toMatchObject([{ state: 'running', model: MODEL, width: LARGE.width }]);
    const result = await running;
    expect(result.width).toBe(LARGE.width * 2);
    expect(lines[0]).toBe('started');
    expect(lines.at(-1)).toBe('done');
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
    await until(() => started, 20_000);
    const engines = descendantsOf(service.child.pid!);
    controller.abort(new Error('enough'));
    await expect(running).rejects.toThrow('enough');
    await allEnded(engines, 3000);
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
    await until(() => started, 20_000);
    // Not SIGKILL, which the system uses for lack of memory and upreel takes for it.
    for (const engine of descendantsOf(service.child.pid!)) process.kill(engine, 'SIGSEGV');
    await expect(running).rejects.toMatchObject({ code: 'engine-died' });
    const small = await service.client.upscale({ ...SIZE, channels: 3, depth: 'u8', model: MODEL }, pixelsFor(3, 'u8'));
    expect(small.width).toBe(SIZE.width * 2);
  });

  test('lets others wait, in order, up to the limit', async () => {
    const order: number[] = [];
    const positions: number[] = [];
    const running = Array.from({ length: 10 }, (_, index) =>
      service.client
        .upscale({ ...LARGE, width: 100, height: 80 }, largePixels().subarray(0, 100 * 80 * 3), {
          onEvent: (event) => event.event === 'queued' && positions.push(event.position),
        })
        .then(
          () => order.push(index),
          (error: Error) => error.message,
        ),
    );
    const answers = await Promise.all(running);
    expect(answers.filter((answer) => answer === 'Too many jobs are waiting already.')).toHaveLength(1);
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(Math.max(...positions)).toBe(8);
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

const LARGE = { width: 400, height: 600, channels: 3, depth: 'u8', model: MODEL, tile: 64 } as const;

function largePixels(): Uint8Array {
  return Uint8Array.from({ length: LARGE.width * LARGE.height * 3 }, (_, index) => (index * 7919) >> 4);
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
    const outgoing = send(
      {
        ...{ host: '127.0.0.1', port: service.state.port, method: 'POST', path: '/v1/upscale' },
        headers: {
          authorization: `Bearer ${service.state.token}`,
          'content-type': 'application/octet-stream',
          'content-length': body.byteLength,
          'upreel-request': JSON.stringify(request),
        },
      },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        answer.on('end', () => resolve(text));
      },
    );
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

function mirrorRows(gray: Uint8Array, width: number): Uint8Array {
  return gray.map((_, index) => gray[index - (index % width) + width - 1 - (index % width)]!);
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
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CLI, ...args, '--no-tui', '--device', 'cpu'], {
      env: { ...process.env, ...testModelEnv() },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`upreel ended with ${code}.`))));
  });
}
