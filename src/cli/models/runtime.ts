import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { byteText } from '../../core/byte-text.ts';
import { UpreelError } from '../../core/errors.ts';
import {
  binaryFolder,
  findRuntime,
  installRuntime,
  type RuntimePlace,
  runtimeMissing,
  runtimeVersion,
} from '../../core/runtime/index.ts';
import { listDevicesOfRuntime } from '../../core/session/session.ts';
import { printText } from '../print-text.ts';
import { reportPull } from '../report/report-pull.ts';

/** Adds `upreel runtime ...` and `upreel gpu ...`. */
export function addRuntimeCommands(program: Command, signal?: AbortSignal): void {
  const runtime = program
    .command('runtime')
    .description('onnxruntime, which computes: where it is, fetch it, free its space')
    .action(async () => printText(await describe()));
  runtime
    .command('install')
    .description('fetch it from the npm registry, where npm could not install it')
    .action(async () => {
      await installRuntime({ ...(signal === undefined ? {} : { signal }), onPull: reportPull });
      printText(await describe());
    });
  runtime
    .command('prune')
    .description("remove the libraries of other systems from npm's copy (some 240 MB)")
    .action(async () => printText(await prune(requireRuntime())));
  const gpu = program.command('gpu').description("libraries for GPUs that are not in onnxruntime's package");
  gpu
    .command('install')
    .description("fetch CUDA's and TensorRT's for Linux on x64 (some 300 MB, from NuGet)")
    .action(installCuda);
}

async function describe(): Promise<string> {
  const place = requireRuntime();
  const { here, elsewhere } = await measure(place.folder);
  const others =
    elsewhere === 0 ? '' : `, and ${byteText(elsewhere)} for other systems (upreel runtime prune removes them)`;
  return [
    `onnxruntime ${runtimeVersion()}, ${place.from === 'npm' ? 'installed with upreel' : 'fetched by upreel'}: ${place.folder}`,
    `${byteText(here)} for ${process.platform} ${process.arch}${others}`,
    `Devices that it knows: ${listDevicesOfRuntime().join(', ')}; upreel doctor tries them`,
  ].join('\n');
}

/** @throws UpreelError `runtime-missing` */
function requireRuntime(): RuntimePlace {
  const place = findRuntime();
  if (place === null) throw runtimeMissing();
  return place;
}

/** Bytes of the libraries for this system and for others. */
async function measure(folder: string): Promise<{ here: number; elsewhere: number }> {
  let [here, elsewhere] = [0, 0];
  for (const system of await listSystems(folder)) {
    const bytes = await folderBytes(system);
    if (system === join(folder, binaryFolder())) here += bytes;
    else elsewhere += bytes;
  }
  return { here, elsewhere };
}

/** The folders PLATFORM/ARCHITECTURE of the libraries. */
async function listSystems(folder: string): Promise<string[]> {
  const root = join(folder, 'bin', 'napi-v6');
  const platforms = await readdir(root);
  const systems = await Promise.all(
    platforms.map(async (platform) => (await readdir(join(root, platform))).map((arch) => join(root, platform, arch))),
  );
  return systems.flat();
}

async function folderBytes(folder: string): Promise<number> {
  const sizes = await Promise.all((await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function prune({ folder }: RuntimePlace): Promise<string> {
  const { elsewhere } = await measure(folder);
  for (const system of await listSystems(folder)) {
    if (system !== join(folder, binaryFolder())) await rm(system, { recursive: true });
  }
  return elsewhere === 0 ? 'Nothing to remove.' : `${byteText(elsewhere)} are free again.`;
}

/** By onnxruntime's own script. */
async function installCuda(): Promise<void> {
  const { folder } = requireRuntime();
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new UpreelError(
      'usage',
      `There are CUDA libraries for Linux on x64, not for ${process.platform} ${process.arch}.`,
      {
        hint: 'DirectML (Windows), CoreML (macOS) and WebGPU are in the package: upreel doctor tries them.',
      },
    );
  }
  printText(`Fetching CUDA's and TensorRT's libraries for onnxruntime ${runtimeVersion()} into ${folder}`);
  const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'cuda12' };
  const script = spawn(process.execPath, [join(folder, 'script', 'install')], { env, stdio: 'inherit' });
  const [code] = (await once(script, 'exit')) as [number | null];
  const library = join(folder, binaryFolder(), 'libonnxruntime_providers_cuda.so');
  if (code !== 0 || !existsSync(library)) {
    throw new UpreelError(
      'device-unavailable',
      'The libraries for CUDA were not installed: what onnxruntime said is above.',
      {
        hint: 'They come from api.nuget.org. Where npm could not reach it, install upreel again from a place that can.',
      },
    );
  }
  printText('Done. CUDA 12 and cuDNN 9 must be installed, too: upreel doctor says whether the GPU is found.');
}
