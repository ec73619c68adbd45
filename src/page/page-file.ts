import { createHash } from 'node:crypto';
import { open, readFile, rm } from 'node:fs/promises';
import { asUpreelError, diskFull, systemErrorCode, UpreelError } from '../core/errors.ts';
import { escapeMarkup } from '../core/escape-markup.ts';
import { ownFile, ownVersion } from '../core/files/own-files.ts';
import { publishFile, temporaryNameFor } from '../core/files/publish.ts';
import type { PageContent, PageManifest } from './manifest.ts';

/** A page that grows on the disk: tiles as they are made, then what is told of them. */
export interface PageFile {
  /** @param id of letters, digits and hyphens, once in a page */
  addData(id: string, data: Uint8Array): Promise<void>;
  /** The page gets its name. @throws UpreelError `output-exists`, `output-unwritable`, `disk-full`. */
  finish(content: PageContent, overwrite: boolean): Promise<{ readonly bytes: number }>;
  /** Leaves nothing behind. Harmless after `finish`. */
  abort(): Promise<void>;
}

/**
 * Starts a page that needs nothing but itself: its policy forbids every request, and of scripts and styles all but its
 * own.
 * @throws UpreelError `output-unwritable` before any work.
 */
export async function createPageFile(path: string, title: string): Promise<PageFile> {
  const [script, style] = await Promise.all(
    ['js', 'css'].map((kind) => readFile(ownFile(`dist/viewer/viewer.${kind}`), 'utf8')),
  );
  const temporary = temporaryNameFor(path);
  const file = await open(temporary, 'wx').catch((cause) => {
    throw new UpreelError('output-unwritable', `Cannot write ${path}.`, {
      hint: 'Check that the folder exists and that you may write there.',
      cause,
    });
  });
  let isOpen = true;
  let bytes = 0;
  const write = async (text: string): Promise<void> => {
    const data = Buffer.from(text);
    bytes += data.length;
    try {
      await file.writeFile(data);
    } catch (error) {
      throw ['ENOSPC', 'EDQUOT'].includes(systemErrorCode(error) ?? '') ? diskFull(error, path) : asUpreelError(error);
    }
  };
  const close = async (): Promise<void> => {
    if (isOpen) await file.close();
    isOpen = false;
  };
  const abort = async (): Promise<void> => {
    await close();
    await rm(temporary, { force: true });
  };
  try {
    await write(head(title, script!, style!));
  } catch (error) {
    await abort();
    throw error;
  }
  return {
    addData: (id, data) =>
      write(`<script type="text/plain" id="${id}">${Buffer.from(data).toString('base64')}</script>\n`),
    async finish(content, overwrite) {
      const manifest: PageManifest = { title, program: `upreel ${ownVersion()}`, ...content };
      await write(`<script type="application/json" id="manifest">${inertJson(manifest)}</script>\n`);
      await write(`<script>${script}</script>\n</body>\n</html>\n`);
      await close();
      await publishFile(temporary, path, { overwrite });
      return { bytes };
    },
    abort,
  };
}

function head(title: string, script: string, style: string): string {
  const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  const policy = [
    "default-src 'none'",
    'img-src data: blob:',
    'media-src data: blob:',
    `style-src ${hash(style)}`,
    `script-src ${hash(script)}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>${escapeMarkup(title)}</title>
<style>${style}</style>
</head>
<body>
<noscript><p>This page shows its pictures with a script of its own: allow scripts for it. It makes no requests.</p></noscript>
<main id="app"><p id="opening" role="status">Opening …</p></main>
`;
}

/** JSON that nothing in it can end or begin an element. */
function inertJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
