import { fileURLToPath, pathToFileURL } from 'node:url';

/** The built program: worker threads and processes cannot start from TypeScript sources. */
export const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

/**
 * A module of the build, typed as its source:
 * `await fromDist<typeof import('../../src/job/index.ts')>('job/index.js')`.
 */
export async function fromDist<T>(path: string): Promise<T> {
  return (await import(pathToFileURL(fileURLToPath(new URL(`../../dist/${path}`, import.meta.url))).href)) as T;
}
