import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TaskEvent } from '../../src/core/events.ts';

export type Step =
  | { readonly waitMs: number }
  | { readonly event: TaskEvent }
  | { readonly repeat: TaskEvent; readonly times: number; readonly waitMs: number }
  | { readonly exit: number; readonly error?: object }
  | { readonly crash: true }
  | { readonly hang: true };

export interface Script {
  readonly steps: readonly Step[];
  readonly inputsTotal?: number;
  readonly keys?: boolean;
  readonly intervalSeconds?: number;
}

export const DRIVER = fileURLToPath(new URL('report-driver.mjs', import.meta.url));

/** Writes a script where the driver can read it; `remove` takes it away. */
export function writeScript(script: Script): { path: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'upreel-report-'));
  const path = join(folder, 'script.json');
  writeFileSync(path, JSON.stringify(script));
  return { path, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
