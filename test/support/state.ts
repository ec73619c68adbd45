import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let folder: string | null = null;

/** Where jobs are listed and queue: a list of this test file's own, so that no other file's jobs are waited for. */
export function testStateEnv(): { XDG_STATE_HOME: string; XDG_RUNTIME_DIR: string } {
  folder ??= mkdtempSync(join(tmpdir(), 'upreel-state-'));
  return { XDG_STATE_HOME: folder, XDG_RUNTIME_DIR: folder };
}

export function removeTestState(): void {
  // What ends last may still write to it.
  if (folder !== null) rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  folder = null;
}
