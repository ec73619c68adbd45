// Compiles src to dist, bundles what runs as a process of its own, makes the command executable, writes its manual page
// and compiles what the GIMP plug-in says in other languages.
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mo, po } from 'gettext-parser';
import { rolldown } from 'rolldown';

const INLINED =
  /^(zod|commander|@bufbuild\/protobuf|onnx-buf|smol-toml|string-width|get-east-asian-width|strip-ansi|ansi-regex|env-paths|is-safe-filename|proper-lockfile|graceful-fs|retry|signal-exit)(\/|$)/;
const PROGRAMS = [
  { 'programs/engine': 'dist/engine/engine.js' },
  { 'programs/job-process': 'dist/job/job-process.js' },
  {
    'programs/network-probe-process': 'dist/core/session/network-probe-process.js',
    'programs/session-worker': 'dist/core/session/session-worker.js',
    'programs/heif-worker': 'dist/core/codec/heif/heif-worker.js',
  },
  // The last: it takes the place of what the others are made from.
  { cli: 'dist/cli.js' },
];
const root = fileURLToPath(new URL('..', import.meta.url));
rmSync(`${root}dist`, { recursive: true, force: true });
const { status } = spawnSync(
  process.execPath,
  [`${root}node_modules/typescript/bin/tsc`, '-p', `${root}tsconfig.json`],
  {
    stdio: 'inherit',
  },
);
if (status !== 0) process.exit(status ?? 1);
await bundlePrograms();
await bundleViewer();
chmodSync(`${root}dist/cli.js`, 0o755);

await writeManual();
compileCatalogues(`${root}plugins/gimp-bridge/upreel/locale/`, `${root}dist/locale/`);

async function writeManual() {
  const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
  const { buildProgram } = await import('../dist/cli/program.js');
  const { commandTree } = await import('../dist/cli/completion/command-tree.js');
  const { manPage } = await import('../dist/cli/flags/man-page.js');
  writeFileSync(`${root}dist/upreel.1`, manPage(commandTree(await buildProgram(['help'])), version));
}

/**
 * Node takes a millisecond and more for each module, and there are hundreds, of packages too: a few files start four
 * times as fast.
 */
async function bundlePrograms() {
  const modules = [];
  // Each with its own copy of what they share: as one, a hundred small files would be loaded for a few functions each.
  for (const input of PROGRAMS) modules.push(...(await bundleProgram(input)));
  writeLicenses(modules);
}

async function bundleProgram(input) {
  const bundle = await rolldown({
    cwd: root,
    input,
    platform: 'node',
    external: (id) => !/^[./]/.test(id) && !INLINED.test(id),
    // What one program loads when it is needed, another loads at once.
    checks: { ineffectiveDynamicImport: false },
    // What a program does not use of a module, it does not load; only these do something by being loaded.
    treeshake: {
      moduleSideEffects: (id) =>
        !id.includes('/node_modules/') &&
        /\/(cli|last-words|engine|job-process|[a-z-]+-process|session-worker|heif-worker)\.js$/.test(id),
    },
  });
  const { output } = await bundle.write({
    dir: `${root}dist`,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'programs/[name]-[hash].js',
    comments: false,
  });
  return output.flatMap(({ moduleIds = [] }) => moduleIds);
}

/** Of the packages whose code is in the programs: their terms want to go along. */
function writeLicenses(modules) {
  const folders = new Set(modules.flatMap((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id) ?? []));
  const texts = [...folders].map((folder) => {
    const { name, version, license, licenses } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
    const file = readdirSync(folder).find((each) => /^(licen[cs]e|copying)/i.test(each));
    return `# ${name} ${version} (${license ?? licenses[0].type})\n\n${file === undefined ? '' : readFileSync(`${folder}/${file}`, 'utf8')}`;
  });
  writeFileSync(`${root}dist/programs/licenses.txt`, texts.toSorted().join('\n\n'));
}

/** From what translators write (.po) to what gettext reads (.mo). */
function compileCatalogues(from, to) {
  mkdirSync(to);
  for (const name of readdirSync(from)) {
    writeFileSync(`${to}${basename(name, '.po')}.mo`, mo.compile(po.parse(readFileSync(`${from}${name}`))));
  }
}

/** What a page of pictures carries to show them: one script for browsers, and its style. */
async function bundleViewer() {
  const bundle = await rolldown({ cwd: root, input: 'src/page/viewer/main.ts', platform: 'browser' });
  await bundle.write({ file: `${root}dist/viewer/viewer.js`, format: 'iife', minify: true });
  copyFileSync(`${root}src/page/viewer/viewer.css`, `${root}dist/viewer/viewer.css`);
}
