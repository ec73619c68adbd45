import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir, release } from 'node:os';
import { basename, dirname, isAbsolute, join } from 'node:path';

/**
 * What changes when a GPU or its driver does: the system's version, the kernel's drivers, and the Vulkan drivers with
 * the times and sizes of their libraries. On Windows and macOS drivers come with the system, mostly: there its version
 * stands for them.
 */
export function driverFacts(): readonly unknown[] {
  return [process.platform, process.arch, release(), ...renderNodes(), ...kernelDrivers(), ...vulkanDrivers()];
}

export function renderNodes(): string[] {
  return namesIn('/dev/dri').filter((name) => name.startsWith('renderD'));
}

function kernelDrivers(): string[] {
  const files = ['nvidia', 'amdgpu', 'i915', 'xe'].map((name) => `/sys/module/${name}/version`);
  return ['/proc/driver/nvidia/version', ...files].map(textOf).filter((text) => text !== '');
}

/** As the Vulkan loader finds them, by the manifests that are named or lie in its folders. */
function vulkanDrivers(): unknown[] {
  const named = process.env.VK_DRIVER_FILES ?? process.env.VK_ICD_FILENAMES;
  const manifests = named
    ? named.split(':')
    : VULKAN_FOLDERS.flatMap((folder) => namesIn(folder).map((name) => join(folder, name)));
  return manifests.map((manifest) => [manifest, textOf(manifest), ...libraryFacts(manifest)]);
}

const VULKAN_FOLDERS = [
  ...['/etc/vulkan/icd.d', '/usr/local/share/vulkan/icd.d', '/usr/share/vulkan/icd.d'],
  join(homedir(), '.local/share/vulkan/icd.d'),
];

function libraryFacts(manifest: string): unknown[] {
  const library = /"library_path"\s*:\s*"([^"]+)"/.exec(textOf(manifest))?.[1];
  if (library === undefined) return [];
  const places = isAbsolute(library)
    ? [library]
    : library.includes('/')
      ? [join(dirname(manifest), library)]
      : LIBRARY_FOLDERS.map((folder) => join(folder, basename(library)));
  const found = places.find((path) => existsSync(path));
  if (found === undefined) return [library];
  const { size, mtimeMs } = statSync(found);
  return [found, size, mtimeMs];
}

const LIBRARY_FOLDERS = [
  ...['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64', '/usr/lib', '/lib', '/usr/local/lib'],
];

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').slice(0, 10_000);
  } catch {
    return '';
  }
}
