import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let folder: string | null = null;

/** Where jobs are listed and queue: a list of this test file's own, so that no other file's jobs are waited for. */
export function testStateEnv(): { XDG_STATE_HOME: string; XDG_RUNTIME_DIR: string } {
  if (folder === null) {
    const made = mkdtempSync(join(tmpdir(), 'upreel-state-'));
    process.once('exit', () => rmSync(made, { recursive: true, force: true }));
    folder = made;
  }
  return { XDG_STATE_HOME: folder, XDG_RUNTIME_DIR: folder };
}
