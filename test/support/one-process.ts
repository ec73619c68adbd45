import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = new URL('../..', import.meta.url);

/**
 * The test files that only call functions: what they load, the next one finds loaded, which saves a second for each.
 * One that starts processes or worker threads, sets the environment, replaces functions or measures memory has a
 * process of its own.
 */
export function filesOfOneProcess(): string[] {
  const names = readdirSync(new URL('test', ROOT), { recursive: true, encoding: 'utf8' });
  const files = names.filter((name) => /\.test\.tsx?$/.test(name)).map((name) => `test/${name.replaceAll('\\', '/')}`);
  return files.filter((name) => !OWN_PROCESS.test(readFileSync(fileURLToPath(new URL(name, ROOT)), 'utf8')));
}

const STARTERS =
  'cli|clips|command|dist|file-server|frame-files|gimp-checks|gimp-tree|jobs|models|npm-registry|processes|report-script|run-clip|service|state|stranger|sync|terminal|upscale-clip';
const OWN_PROCESS = new RegExp(
  `support/(${STARTERS})\\.ts|/fuzz\\.ts|node:(child_process|worker_threads)|openUpscaler|process\\.(env|chdir|umask|exitCode)|maxRSS|vi\\.[a-z]`,
);
