import { existsSync, statSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { UpreelError } from '../../src/core/errors.ts';
import { type ControlServer, connectControl, openControlServer } from '../../src/job/control/index.ts';
import type { FramePair, JobSnapshot } from '../../src/job/job-snapshot.ts';
import { applyChange } from '../../src/job/job-trace.ts';
import { temporaryFolder } from '../support/clips.ts';
import { until } from '../support/processes.ts';
import { progressAt, videoStarted } from '../support/task-events.ts';

const folder = temporaryFolder();
const address = join(folder, 'control.sock');
const started = videoStarted();
const job: JobSnapshot = {
  ...{ id: 'abcdefgh', state: 'running', input: 'a.mp4', output: 'b.mkv', folder: 'b.mkv.upreel', model: 'm' },
  ...{
    device: 'cpu',
    place: null,
    nice: 0,
    only: null,
    createdAtMs: 1,
    begunAtMs: null,
    endedAtMs: null,
    started,
    progress: null,
  },
  ...{ segments: [], warnings: [], error: null, supervisorPid: 1 },
};
const pair: FramePair = {
  frame: 7,
  before: { width: 2, height: 1, rgb: new Uint8Array([1, 2, 3, 4, 5, 6]) },
  after: { width: 1280, height: 720, rgb: new Uint8Array(1280 * 720 * 3).fill(9) },
};
let server: ControlServer | null = null;
let acts: string[] = [];

async function open(): Promise<ControlServer> {
  acts = [];
  server = await openControlServer(address, {
    snapshot: () => job,
    act: (request) => {
      if (request === 'drain') throw new UpreelError('usage', 'Not now.', { hint: 'Later.' });
      acts.push(request);
    },
    preview: async () => pair,
  });
  return server;
}

/** A viewer that speaks for itself, and reads only when told to. */
async function rawViewer(): Promise<{ socket: Socket; text: () => string; closed: Promise<void> }> {
  const socket = connect(address);
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  socket.on('error', () => {});
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
  return { socket, text: () => text, closed };
}

afterEach(async () => {
  await server?.close();
  server = null;
});

describe('the control socket', () => {
  test('is for its owner alone, takes the place of one that a killed supervisor left, and goes with its server', async () => {
    writeFileSync(address, 'left over');
    const { close } = await open();
    expect(statSync(address).mode & 0o777).toBe(0o600);
    server = null;
    await close();
    expect(existsSync(address)).toBe(false);
    expect(await connectControl(address)).toBe(null);
  });

  test('shows several viewers the job and what happens to it', async () => {
    const { tell } = await open();
    const seen: JobSnapshot[] = [job, job];
    const viewers = await Promise.all(
      [0, 1].map(async (index) => {
        const client = await connectControl(address, {
          onSnapshot: (snapshot) => {
            seen[index] = snapshot;
          },
          onChange: (change) => {
            seen[index] = applyChange(seen[index]!, change);
          },
        });
        await client!.ask('subscribe');
        return client!;
      }),
    );
    const range = { index: 0, startFrame: 0, endFrame: 10 };
    tell({ type: 'segments', news: [{ ...range, state: 'running', reusedShare: null, bytes: null }] });
    tell({ type: 'segments', news: [{ ...range, state: 'running', reusedShare: null, bytes: null }] });
    tell({ type: 'event', event: progressAt(started, 100) });
    tell({ type: 'event', event: { type: 'warning', code: 'a', message: 'Look here.' } });
    tell({ type: 'state', state: 'paused', place: null, endedAtMs: null });
    await until(() => seen.every(({ state }) => state === 'paused'), 5000);
    for (const snapshot of seen) {
      expect(snapshot).toMatchObject({ id: job.id, started, warnings: ['Look here.'] });
      expect(snapshot.progress?.framesDone).toBe(100);
      expect(snapshot.segments).toEqual([{ ...range, state: 'running', attempts: 2, reusedShare: null, bytes: null }]);
    }
    for (const viewer of viewers) viewer.close();
  });

  test('takes orders, and gives reasons for what it refuses', async () => {
    await open();
    const client = await connectControl(address);
    for (const request of ['pause', 'resume', 'cancel'] as const) await client!.ask(request);
    expect(acts).toEqual(['pause', 'resume', 'cancel']);
    await expect(client!.ask('drain')).rejects.toMatchObject({ code: 'usage', message: 'Not now.', hint: 'Later.' });
    client!.close();
    await expect(client!.ask('pause')).rejects.toMatchObject({ code: 'internal' });
  });

  test('gives a preview byte for byte', async () => {
    await open();
    const client = await connectControl(address);
    const shown = await client!.preview();
    expect([shown?.frame, shown?.before]).toEqual([7, pair.before]);
    expect([shown?.after.width, shown?.after.height]).toEqual([1280, 720]);
    expect(Buffer.from(shown!.after.rgb).equals(Buffer.from(pair.after.rgb))).toBe(true);
    client!.close();
  });

  test('tells its viewers that it has gone', async () => {
    const { close } = await open();
    let isClosed = false;
    const client = await connectControl(address, {
      onClose: () => {
        isClosed = true;
      },
    });
    await client!.ask('subscribe');
    server = null;
    await close();
    await until(() => isClosed, 5000);
  });

  test.each([
    ['nonsense', 'nonsense\n'],
    ['another version', '{"v":2,"id":1,"type":"pause"}\n'],
    ['an order that is none', '{"v":1,"id":1,"type":"explode"}\n'],
    ['a line without end', 'x'.repeat(100_000)],
  ])('cuts off who says %s, and serves the others', async (_, text) => {
    await open();
    const rude = await rawViewer();
    rude.socket.write(text);
    await rude.closed;
    expect(acts).toEqual([]);
    const polite = await connectControl(address);
    await polite!.ask('pause');
    expect(acts).toEqual(['pause']);
    polite!.close();
  });

  test('drops news for a viewer that does not read, which gets a new snapshot when it reads again', async () => {
    const { tell } = await open();
    const slow = await rawViewer();
    slow.socket.write('{"v":1,"id":1,"type":"subscribe"}\n');
    await until(() => slow.text().includes('"snapshot"'), 5000);
    slow.socket.pause();
    const before = process.memoryUsage.rss();
    const big = 'w'.repeat(10_000);
    for (let count = 0; count < 20_000; count++) {
      tell({ type: 'event', event: { type: 'warning', code: 'a', message: `${count} ${big}` } });
      if (count % 1000 === 0) await sleep(1);
    }
    // 200 MB were told; what was kept for the viewer is far less.
    expect(process.memoryUsage.rss() - before).toBeLessThan(100e6);
    slow.socket.resume();
    await until(() => slow.text().split('"type":"snapshot"').length === 3, 10_000);
    slow.socket.destroy();
  });

  test('lets a viewer that asks without reading wait, and no other', async () => {
    await open();
    const greedy = await rawViewer();
    greedy.socket.pause();
    for (let id = 0; id < 50; id++) greedy.socket.write(`{"v":1,"id":${id},"type":"preview"}\n`);
    const polite = await connectControl(address);
    await polite!.ask('pause');
    expect(acts).toEqual(['pause']);
    polite!.close();
    greedy.socket.destroy();
  });
});
