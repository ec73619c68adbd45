import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** A file of this package, wherever the code that asks lies. @param path from the package's root, with slashes */
export function ownFile(path: string): string {
  return join(dirname(createRequire(import.meta.url).resolve('upreel/package.json')), path);
}

/** The script of a process or thread of its own (scripts/build.mjs). */
export function ownProgram(
  name: 'engine' | 'job-process' | 'network-probe-process' | 'session-worker' | 'heif-worker',
): string {
  return ownFile(`dist/programs/${name}.js`);
}

/** As package.json says. */
export function ownVersion(): string {
  const { version } = createRequire(import.meta.url)('upreel/package.json') as { version: string };
  return version;
}
