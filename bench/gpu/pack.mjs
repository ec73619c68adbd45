// Packs all that bench/gpu/measure.mjs needs on a Linux machine with a GPU and nothing else: Node, the built program,
// onnxruntime, networks, the Vulkan loader. Usage: node bench/gpu/pack.mjs [OUT.tar.xz]; there: tar xf, then ./run.
// EXTRA: checkpoints to take along, separated by commas.
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { locateWeights } from '../../dist/core/model/index.js';
import { scratchFolder } from '../support.mjs';

const MODELS = ['realesr-general-x4v3', 'realesr-animevideov3-x4', 'realesrgan-x4plus-anime'];
const extra = (process.env.EXTRA ?? '').split(',').filter(Boolean);
const root = fileURLToPath(new URL('../..', import.meta.url));
const archive = resolve(process.argv[2] ?? 'upreel-gpu.tar.xz');
const folder = join(scratchFolder(), 'upreel-gpu');

mkdirSync(join(folder, 'weights'), { recursive: true });
for (const part of ['dist', 'models', 'bench/gpu', 'bench/support.mjs', 'package.json'])
  cpSync(join(root, part), join(folder, part), { recursive: true });
for (const name of closure([
  'onnxruntime-node',
  '@bufbuild/protobuf',
  'onnx-buf',
  'zod',
  'env-paths',
  'proper-lockfile',
])) {
  // Other platforms' binaries stay behind.
  const filter = (path) => !/\/bin\/napi-v\d+\/(?!linux(\/x64)?($|\/))/.test(path) && !/\/linux\/arm64/.test(path);
  cpSync(join(root, 'node_modules', name), join(folder, 'node_modules', name), { recursive: true, filter });
}
for (const id of MODELS) {
  const { files } = await locateWeights(id);
  for (const path of new Set(Object.values(files))) cpSync(path, join(folder, 'weights', basename(path)));
}
for (const path of extra) cpSync(path, join(folder, 'weights', basename(path)));
cpSync(process.execPath, join(folder, 'node'));
const loader = '/usr/lib/x86_64-linux-gnu/libvulkan.so.1';
mkdirSync(join(folder, 'loader'));
if (existsSync(loader)) cpSync(loader, join(folder, 'loader/libvulkan.so.1'), { dereference: true });
else console.warn('No libvulkan.so.1 here: the machine must have one (Debian: libvulkan1).');
const models = [...MODELS, ...extra.map((path) => `weights/${basename(path)}`)].join(',');
writeFileSync(
  join(folder, 'run'),
  `#!/bin/sh
# Measures the GPU of this machine: a table here, gpu-*.json in \${OUT:-results}.
cd "$(dirname "$0")"
ldconfig -p 2>/dev/null | grep -q libvulkan.so.1 || export LD_LIBRARY_PATH="$PWD/loader:$LD_LIBRARY_PATH"
nvidia=/usr/local/nvidia/share/vulkan/icd.d/nvidia_icd.json
[ -n "$VK_DRIVER_FILES" ] || [ ! -e "$nvidia" ] || export VK_DRIVER_FILES="$nvidia"
export UPREEL_MODELS="$PWD/weights" UPREEL_CACHE="$PWD/cache" OUT="\${OUT:-results}" MODELS="\${MODELS:-${models}}"
exec ./node bench/gpu/measure.mjs
`,
);
chmodSync(join(folder, 'run'), 0o755);
rmSync(archive, { force: true });
execFileSync('tar', ['-C', dirname(folder), '-I', 'xz -T0 -6', '-cf', archive, 'upreel-gpu'], { stdio: 'inherit' });
console.log(`${archive}: ${(statSync(archive).size / 1e6).toFixed(1)} MB`);

/** These packages and all that they depend on. */
function closure(names, found = new Set()) {
  for (const name of names) {
    if (found.has(name)) continue;
    found.add(name);
    const manifest = JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8'));
    closure(Object.keys(manifest.dependencies ?? {}), found);
  }
  return found;
}
