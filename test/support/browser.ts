import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import axe from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const FOUND = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);

/** Tests that need a browser have this in their names where there is none. */
export const hasBrowser = FOUND !== undefined;

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: FOUND!, args: ['--no-sandbox'] });
}

export interface OpenedPage {
  readonly page: Page;
  /** Whatever a page that needs nothing and does nothing wrong leaves empty. */
  readonly complaints: readonly string[];
}

/** Opens a file; ready when its pictures are told of. */
export async function openFile(browser: Browser, path: string, options: BrowserContextOptions): Promise<OpenedPage> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints: string[] = [];
  const address = pathToFileURL(path).href;
  page.on('console', (message) => complaints.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    if (request.url() !== address && !/^(data|blob):/.test(request.url())) complaints.push(`request: ${request.url()}`);
  });
  await page.goto(address);
  await page.waitForSelector('#status:not(:empty)');
  return { page, complaints };
}

/** What axe-core finds against WCAG and its own best practices, all parts of the page unfolded. */
export async function axeViolations(page: Page): Promise<readonly string[]> {
  await page.evaluate('document.querySelectorAll("details").forEach((details) => { details.open = true; })');
  await page.evaluate(axe.source);
  return page.evaluate<string[]>(
    'axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ": " + nodes.map(({ html }) => html).join(" ")))',
  );
}

/** The colour of a pixel of the stage, as it is drawn. @param x,y shares of its width and height */
export function stageColour(page: Page, x: number, y: number): Promise<readonly number[]> {
  return page.evaluate<number[]>(
    `(() => { const canvas = document.querySelector('#stage canvas');
      const at = (share, length) => Math.min(length - 1, Math.floor(share * length));
      const { data } = canvas.getContext('2d').getImageData(at(${x}, canvas.width), at(${y}, canvas.height), 1, 1);
      return [...data]; })()`,
  );
}
