import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { axeViolations, hasBrowser, launchBrowser, openFile, stageColour } from '../support/browser.ts';
import { ffmpeg, pattern, temporaryFolder } from '../support/clips.ts';
import { upreel } from '../support/command.ts';

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);
const HOSTILE = '<img src=x onerror=alert(1)>.png';
const withBrowser = hasBrowser ? test : test.skip;
const named = (name: string): string => (hasBrowser ? name : `${name} (needs chromium)`);
const DESK = { viewport: { width: 1920, height: 1080 } } as const;
const PHONE = { viewport: { width: 360, height: 740 }, hasTouch: true } as const;

let browser: Browser | null = null;

beforeAll(async () => {
  // Larger than a tile: red, then green; the second has a square of its own in the middle.
  const halves = { create: { width: 1200, height: 600, channels: 3, background: '#ff0000' } } as const;
  const green = await sharp({ create: { width: 600, height: 600, channels: 3, background: '#00ff00' } })
    .png()
    .toBuffer();
  const blue = await sharp({ create: { width: 40, height: 40, channels: 3, background: '#0000ff' } })
    .png()
    .toBuffer();
  const composed = sharp(halves).composite([{ input: green, left: 600, top: 0 }]);
  await composed.clone().png().toFile(at('first.png'));
  await composed
    .composite([
      { input: green, left: 600, top: 0 },
      { input: blue, left: 580, top: 280 },
    ])
    .png()
    .toFile(at(HOSTILE));
  await sharp(at('first.png')).resize(300, 150).png().toFile(at('small.png'));
  const { code, err } = await upreel([
    'compare',
    at('first.png'),
    at(HOSTILE),
    at('small.png'),
    '--html',
    at('page.html'),
  ]);
  expect({ code, err }).toMatchObject({ code: 0 });
  const lossless = ['-c:v', 'ffv1', '-pix_fmt', 'gbrp'];
  ffmpeg(...pattern(2, { rate: '10' }), ...lossless, at('film-a.mkv'));
  ffmpeg('-i', at('film-a.mkv'), '-vf', "negate=enable='eq(n,7)'", ...lossless, at('film-b.mkv'));
  const films = await upreel(['compare', at('film-a.mkv'), at('film-b.mkv'), '--html', at('films.html'), '--json']);
  expect(films).toMatchObject({ code: 0, records: [{ type: 'films', frames: 20, width: 64, height: 48 }, {}] });
  if (hasBrowser) browser = await launchBrowser();
});

afterAll(() => browser?.close());

describe('the page of compare', () => {
  withBrowser.each([
    [named('360 px, light'), { ...PHONE, colorScheme: 'light' }],
    [named('360 px, dark'), { ...PHONE, colorScheme: 'dark' }],
    [named('1920 px, light'), { ...DESK, colorScheme: 'light' }],
    [named('1920 px, dark'), { ...DESK, colorScheme: 'dark' }],
  ] as const)('asks for nothing, complains of nothing, and can be used by everyone: %s', async (_, options) => {
    const { page, complaints } = await openFile(browser!, at('page.html'), options);
    for (const mode of ['1', '2', '3', '4']) await page.keyboard.press(mode);
    expect(await axeViolations(page)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  withBrowser(named('shows left and right of the divider, which keys and the mouse move'), async () => {
    const { page } = await openFile(browser!, at('page.html'), DESK);
    const divider = page.getByRole('slider', { name: 'Divider' });
    await coloured(page, 0.5 - 0.01, [255, 0, 0]);
    await coloured(page, 0.5 + 0.01, [0, 0, 255]);
    await divider.press('Home');
    await coloured(page, 0.5 - 0.01, [0, 0, 255]);
    await divider.press('End');
    await coloured(page, 0.5 + 0.01, [0, 255, 0]);
    expect(await divider.getAttribute('aria-valuenow')).toBe('100');
    const box = (await page.locator('#stage').boundingBox())!;
    const middle = box.y + box.height / 2;
    await page.mouse.move(box.x + box.width - 2, middle);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width / 4, middle);
    await page.mouse.up();
    expect(await divider.getAttribute('aria-valuenow')).toBe('25');
    await coloured(page, 0.5 + 0.01, [0, 0, 255]);
    await page.context().close();
  });

  withBrowser(named('zooms to whole pixels, moves by keys and the mouse, and shows all again'), async () => {
    const { page } = await openFile(browser!, at('page.html'), DESK);
    await page.keyboard.press('0');
    await told(page, /zoom 100 %/);
    for (let step = 0; step < 10; step++) await page.keyboard.press('+');
    await told(page, /zoom 3200 %/);
    // The middle of the first picture is an edge between two pixels: crisp, not blended.
    await page.getByRole('slider', { name: 'Divider' }).press('End');
    await coloured(page, 0.5 - 0.003, [255, 0, 0]);
    await coloured(page, 0.5 + 0.003, [0, 255, 0]);
    await page.keyboard.press('ArrowRight');
    await page.locator('#stage').press('ArrowRight');
    await coloured(page, 0.5 - 0.003, [0, 255, 0]);
    const box = (await page.locator('#stage').boundingBox())!;
    await page.mouse.dblclick(box.x + 100, box.y + 100);
    await told(page, /zoom 1\d\d %/);
    // What is under the mouse stays there: here the middle.
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    for (let step = 0; step < 12; step++) await page.mouse.wheel(0, -200);
    await told(page, /zoom 3200 %/);
    await coloured(page, 0.5 - 0.01, [255, 0, 0]);
    await coloured(page, 0.5 + 0.01, [0, 255, 0]);
    await page.context().close();
  });

  withBrowser(named('zooms by two fingers, and moves by one'), async () => {
    const { page } = await openFile(browser!, at('page.html'), PHONE);
    const before = await page.textContent('#status');
    const touch = await page.context().newCDPSession(page);
    const box = (await page.locator('#stage').boundingBox())!;
    const [x, y] = [box.x + box.width / 2, box.y + 40];
    const send = (type: string, ...xs: number[]) =>
      touch.send('Input.dispatchTouchEvent', {
        type: type as 'touchStart',
        touchPoints: xs.map((px, id) => ({ x: px, y, id })),
      });
    await send('touchStart', x - 20, x + 20);
    await send('touchMove', x - 80, x + 80);
    await send('touchEnd');
    await expect.poll(() => page.textContent('#status')).not.toBe(before);
    const [, zoom] = /zoom (\d+)/.exec((await page.textContent('#status')) ?? '') ?? [];
    expect(Number(zoom)).toBeGreaterThan(100);
    await page.context().close();
  });

  withBrowser(named('shows the difference, black where there is none, and more of it with more gain'), async () => {
    const { page } = await openFile(browser!, at('page.html'), DESK);
    await page.getByText('Difference', { exact: true }).click();
    await coloured(page, 0.3, [0, 0, 0]);
    // Red against blue to the left of the middle, green against blue to the right.
    await coloured(page, 0.5 - 0.005, [255, 0, 255]);
    await coloured(page, 0.5 + 0.005, [0, 255, 255]);
    expect(await page.getByRole('slider', { name: 'Gain' }).inputValue()).toBe('2');
    await page.locator('#stage').press('g');
    await expect.poll(() => page.getByRole('slider', { name: 'Gain' }).inputValue()).toBe('3');
    await page.context().close();
  });

  withBrowser(named('blinks between the two, by itself unless motion is unwelcome, and by Space'), async () => {
    const { page } = await openFile(browser!, at('page.html'), { ...DESK, reducedMotion: 'reduce' });
    await page.keyboard.press('3');
    await coloured(page, 0.5 - 0.005, [255, 0, 0]);
    await page.locator('#stage').press(' ');
    await coloured(page, 0.5 - 0.005, [0, 0, 255]);
    await page.getByRole('button', { name: 'Start blinking' }).click();
    await coloured(page, 0.5 - 0.005, [255, 0, 0]);
    await coloured(page, 0.5 - 0.005, [0, 0, 255]);
    await page.context().close();
  });

  withBrowser(named('puts all pictures side by side, chooses by name, and tells the numbers'), async () => {
    const { page } = await openFile(browser!, at('page.html'), DESK);
    await page.keyboard.press('2');
    await expect.poll(() => page.locator('.caption').allTextContents()).toEqual(['first.png', HOSTILE, 'small.png']);
    await page.getByRole('combobox', { name: /^Right/ }).selectOption('small.png');
    await told(page, /first\.png and small\.png, zoom .* PSNR \d+\.\d\d dB/);
    expect(await page.locator('tbody tr').first().locator('td').allTextContents()).toEqual([
      expect.stringMatching(/ dB$/),
      expect.stringMatching(/ dB$/),
      expect.stringMatching(/^0\.\d{4}$/),
      '255',
      expect.stringMatching(/^\d+\.\d\d$/),
    ]);
    // Two flat halves: nothing to tell.
    expect(await page.locator('caption').first().textContent()).toBe('Against first.png, 1200 × 600, NIQE –');
    expect(await page.getByText('small.png, 300x150, is enlarged by bicubic to 1200x600').count()).toBe(1);
    await page.context().close();
  });

  test('has the names as text, and no markup of theirs', async () => {
    const html = await readFile(at('page.html'), 'utf8');
    expect(html.includes('<img')).toBe(false);
    expect(html.match(/<title>[^<]*<\/title>/)?.[0]).toContain('&#60;img src=x');
    expect(/default-src 'none'.*script-src 'sha256-/.test(html)).toBe(true);
    expect(/(src|href)=.?https?:|@import|url\(/.test(html)).toBe(false);
  });
});

describe('the page of two films', () => {
  withBrowser(
    named('shows the worst frame first, what was measured of each, and plays excerpts together'),
    async () => {
      const { page, complaints } = await openFile(browser!, at('films.html'), { ...PHONE, colorScheme: 'dark' });
      const strip = page.getByRole('group', { name: 'All sets of pictures' }).getByRole('button');
      expect(await strip.first().textContent()).toMatch(/^1\. worst: frame 8, 0\.70 s, \d+\.\d\d dB$/);
      expect(await page.locator('figure.curve').allTextContents()).toEqual([
        expect.stringMatching(/^PSNR, dB.*film-b\.mkv: mean \d+\.\d\d.*19 equal/),
        expect.stringMatching(/^Flicker.*film-a\.mkv: mean \d.*film-b\.mkv: mean \d/),
      ]);
      await strip.nth(1).click();
      await told(page, /PSNR equal, SSIM-Y 1\.0000/);
      await page.keyboard.press('p');
      await told(page, /largest difference 255/);
      await page.getByRole('button', { name: 'Play' }).click();
      const played = 'Math.min(...[...document.querySelectorAll("video")].map((video) => video.currentTime))';
      await expect.poll(() => page.evaluate<number>(played)).toBeGreaterThan(0.2);
      expect(await axeViolations(page)).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
      expect(complaints).toEqual([]);
      await page.context().close();
    },
  );

  test('refuses films among pictures, more than two, and of two shapes', async () => {
    const mixed = await upreel(['compare', at('film-a.mkv'), at('first.png')]);
    expect(mixed).toMatchObject({ code: 2, err: expect.stringMatching(/film-a\.mkv is no picture, .*first\.png is/) });
    const three = await upreel(['compare', ...['film-a.mkv', 'film-b.mkv', 'film-b.mkv'].map(at)]);
    ffmpeg(...pattern(0.2, { size: '48x64', rate: '10' }), at('tall.mkv'));
    const shapes = await upreel(['compare', at('film-a.mkv'), at('tall.mkv')]);
    expect(shapes).toMatchObject({ code: 2, err: expect.stringMatching(/films of one shape, got 64x48 .* and 48x64/) });
    expect(three).toMatchObject({ code: 2, err: expect.stringMatching(/Expected two films to compare, got 3/) });
  });
});

/** Waits until the stage is drawn so; in the middle of its height. */
async function coloured(page: Page, x: number, rgb: readonly number[]): Promise<void> {
  await expect.poll(() => stageColour(page, x, 0.5)).toEqual([...rgb, 255]);
}

async function told(page: Page, text: RegExp): Promise<void> {
  await expect.poll(() => page.textContent('#status')).toMatch(text);
}
