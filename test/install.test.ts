import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { RUNTIME_PACKAGES } from '../src/core/runtime/packages.ts';
import { randomCompact } from './core/model/writers/random-networks.ts';
import { writeSafetensors } from './core/model/writers/safetensors-writer.ts';
import { temporaryFolder } from './support/clips.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const folder = temporaryFolder();
const at = (name: string) => join(folder, name);

test('the runtime that is fetched is the one of the lock file', () => {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version: string; integrity: string }>;
  };
  for (const { name, version, integrity } of RUNTIME_PACKAGES) {
    expect(packages[`node_modules/${name}`]).toMatchObject({ version, integrity });
  }
});

/** Where NuGet is out of reach, as in many firms and here: nobody listens at that port. */
const env = {
  ...process.env,
  GLOBAL_AGENT_HTTP_PROXY: 'http://127.0.0.1:9',
  UPREEL_CACHE: at('cache'),
  XDG_STATE_HOME: at('state'),
};

function run(command: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}:\n${stdout}${stderr}`);
  return `${stdout}${stderr}`;
}

test('installs from a packed file into an empty prefix, works, and can be removed', { timeout: 600_000 }, async () => {
  // A tree that was never built, as git gives it.
  const source = at('source');
  const left = new Set(['.git', 'dist', 'node_modules', 'demo-out', 'test-evidence', 'test']);
  mkdirSync(source, { recursive: true });
  for (const name of readdirSync(ROOT).filter((it) => !left.has(it))) {
    cpSync(join(ROOT, name), join(source, name), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(source, 'node_modules'));
  run('npm', ['pack', '--silent', '--pack-destination', folder], source);
  const [packed] = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
  const prefix = at('prefix');
  run('npm', ['install', '--global', '--prefix', prefix, '--no-audit', '--no-fund', at(packed!)], folder);
  const installed = join(prefix, 'lib', 'node_modules', 'upreel');
  expect(existsSync(join(installed, 'docs', 'stills.md'))).toBe(true);
  expect(existsSync(join(installed, 'dist', 'upreel.1'))).toBe(true);

  mkdirSync(at('empty'));
  writeFileSync(at('tiny.safetensors'), writeSafetensors(randomCompact(16, 2, 2, 7)));
  await sharp({ create: { width: 20, height: 10, channels: 3, background: '#369' } }).toFile(at('empty/photo.jpg'));
  const upreel = join(prefix, 'bin', 'upreel');
  run(upreel, ['photo.jpg', '-m', at('tiny.safetensors'), '--device', 'cpu', '--no-tui'], at('empty'));
  expect(await sharp(at('empty/photo.upreel-2x.png')).metadata()).toMatchObject({ width: 40, height: 20 });
  const runtime = run(upreel, ['runtime'], at('empty'));
  expect(runtime).toMatch(/^onnxruntime \d+\.\d+\.\d+, (installed with upreel|fetched by upreel): /);
  expect(run(upreel, ['runtime', 'prune'], at('empty'))).toMatch(/free again|Nothing to remove/);
  expect(run(upreel, ['runtime'], at('empty'))).not.toMatch(/other systems/);

  run('npm', ['uninstall', '--global', '--prefix', prefix, 'upreel'], folder);
  expect([existsSync(upreel), existsSync(installed)]).toEqual([false, false]);
});
