// For --import: a command is killed as a power cut would, once a file or folder gets its name, or is removed.
// DIE_AT: "before NAME" or "after NAME", absolute.
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { basename } from 'node:path';

const [, when, name] = /^(before|after) (.*)$/.exec(process.env.DIE_AT ?? '') ?? [];
/** By the place of the name among what they are called with. */
const CALLS = { link: 1, rename: 1, rm: 0 };
const isEngine = basename(process.argv[1] ?? '') === 'engine.js';

for (const [call, place] of Object.entries(CALLS)) {
  const usual = fs[call];
  fs[call] = async (...given) => {
    if (given[place] !== name) return usual(...given);
    if (when === 'after') await usual(...given);
    if (isEngine) process.kill(process.ppid, 'SIGKILL');
    process.kill(process.pid, 'SIGKILL');
    await new Promise(() => {});
  };
}
syncBuiltinESMExports();
