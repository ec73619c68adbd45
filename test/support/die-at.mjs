// For --import: the process and who started it are killed as a power cut would, once a file or folder gets its name.
// DIE_AT: "before NAME" or "after NAME", absolute.
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

const [, when, name] = /^(before|after) (.*)$/.exec(process.env.DIE_AT ?? '') ?? [];

for (const call of ['link', 'rename']) {
  const usual = fs[call];
  fs[call] = async (from, to) => {
    if (to !== name) return usual(from, to);
    if (when === 'after') await usual(from, to);
    process.kill(process.ppid, 'SIGKILL');
    process.kill(process.pid, 'SIGKILL');
    await new Promise(() => {});
  };
}
syncBuiltinESMExports();
