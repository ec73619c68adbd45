import { describe, expect, test } from 'vitest';
import { meansPictures } from '../../src/cli/means-pictures.ts';
import { startUpreel } from '../support/command.ts';
import { allEnded, descendantRunning, until } from '../support/processes.ts';

describe('a command line from whose words pictures are expected', () => {
  test.each([
    ['photo.png'],
    ['photo.JPG -o large.png'],
    ['--preset photo ../a/scan.tiff'],
    ['film.mp4 cover.webp'],
    ['photo.png --no-tui --json'],
  ])('%s', (line) => {
    expect(meansPictures(line.split(' '))).toBe(true);
  });

  test.each([
    [''],
    ['film.mp4'],
    ['folder'],
    ['info photo.png'],
    ['compare a.png b.png'],
    ['preview photo.png'],
    ['help'],
    ['photo.png --help'],
    ['photo.png --dry-run'],
    ['photo.png -o -'],
    ['- -o photo.png'],
  ])('none: %s', (line) => {
    expect(meansPictures(line.split(' '))).toBe(false);
  });
});

test('an engine that was started for nothing ends with the command', async () => {
  const running = startUpreel(['photo.png', '--scale', 'nonsense']);
  const engine = await until(() => descendantRunning(running.pid, 'programs/engine.js'), 10_000);
  expect(await running.finished).toMatchObject({ code: 2, err: expect.stringContaining('--scale') });
  await allEnded([engine], 5000);
});
