import { execFile, spawn } from 'node:child_process';
import { Writable } from 'node:stream';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eventRecordSchema } from '../../src/cli/report/events-schema.ts';
import { openJsonReporter, toJsonLine } from '../../src/cli/report/report-json.ts';
import type { TaskEvent } from '../../src/core/events.ts';
import { DRIVER, type Step, writeScript } from '../support/report-script.ts';
import {
  HOSTILE_NAMES,
  imageStarted,
  progressAt,
  taskDone,
  taskFailed,
  videoStarted,
  warningOf,
} from '../support/task-events.ts';

class Collector extends Writable {
  text = '';
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

const video = videoStarted();
const image = imageStarted({ framesTotal: null });
const events: readonly TaskEvent[] = [
  { type: 'pull', model: 'm', bytesDone: 1, bytesTotal: 2, from: 'example.org' },
  image,
  progressAt(image, 0, { framesPerSecond: null }),
  taskDone(image),
  video,
  progressAt(video, 20),
  warningOf('look at this'),
  taskFailed(video.input),
];

describe('the JSON reporter', () => {
  it('writes records that its schema accepts without a field left over, the exit last', async () => {
    const stdout = new Collector();
    const stderr = new Collector();
    const reporter = openJsonReporter(stdout, stderr);
    for (const event of events) reporter.event(event);
    reporter.exit(9, { code: 'some-failed', message: '1 of 2 inputs failed.', hint: '', detail: 'a stack' });
    await reporter.close();
    const records = stdout.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    for (const record of records) expect(eventRecordSchema.parse(record)).toEqual(record);
    expect(new Set(records.map((record) => 'type' in record && record.type))).toEqual(
      new Set(['pull', 'started', 'progress', 'done', 'warning', 'failed', 'exit']),
    );
    expect(records.at(-1)).toEqual({
      v: 1,
      type: 'exit',
      code: 9,
      error: { code: 'some-failed', message: '1 of 2 inputs failed.', hint: '' },
    });
    expect(stdout.text).not.toContain('reader.ts');
    expect(stderr.text).toBe('upreel: 1 of 2 inputs failed.\n');
  });

  it('ends with an exit of code 0 alone when all went well', async () => {
    const stdout = new Collector();
    const reporter = openJsonReporter(stdout, new Collector());
    reporter.exit(0);
    await reporter.close();
    expect(stdout.text).toBe('{"v":1,"type":"exit","code":0}\n');
  });

  it('gives back every string as it was, in lines that are harmless on a terminal', () => {
    const check = (name: string) => {
      const line = toJsonLine({ v: 1, type: 'warning', code: 'c', message: name });
      expect(JSON.parse(line)).toEqual({ v: 1, type: 'warning', code: 'c', message: name });
      expect(line.slice(0, -1)).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
    };
    HOSTILE_NAMES.forEach(check);
    fc.assert(fc.property(fc.string({ unit: 'binary' }), check));
  });

  it('goes on to its end, without a word, when the reader goes away', async () => {
    const steps: Step[] = [{ event: video }, { repeat: progressAt(video, 0), times: 40, waitMs: 30 }, { exit: 0 }];
    const { path, remove } = writeScript({ steps });
    const child = spawn(process.execPath, [DRIVER, path, 'json'], { stdio: ['ignore', 'pipe', 'pipe'] });
    try {
      let stderr = '';
      child.stderr.on('data', (data: Buffer) => {
        stderr += data.toString();
      });
      child.stdout.once('data', () => child.stdout.destroy());
      const code = await new Promise((resolve) => child.on('close', resolve));
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    } finally {
      child.kill('SIGKILL');
      remove();
    }
  });

  it('loads neither React nor Ink', async () => {
    const { path, remove } = writeScript({ steps: [{ exit: 0 }] });
    const trace = ['--import', `data:text/javascript,${LOADED_MODULES}`];
    const { stderr } = await promisify(execFile)(process.execPath, [...trace, DRIVER, path, 'json']);
    remove();
    expect(stderr).toContain('report-json.js');
    expect(stderr).not.toMatch(/node_modules\/(?:ink|react|yoga-layout)\//);
  });
});

/** Prints the URL of every module that is loaded. */
const LOADED_MODULES = encodeURIComponent(`
  import { register } from 'node:module';
  register('data:text/javascript,' + encodeURIComponent(
    'import { writeSync } from "node:fs";' +
    'export async function load(url, context, next) { writeSync(2, url + "\\\\n"); return next(url, context); }'));
`);
