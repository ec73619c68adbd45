// Runs the checks and every test that this machine can run; the last line printed is "N passed, N failed[, N skipped]".
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'upreel-tests-'));
/** Files that fail beside others are run once more, alone: many is no bad luck, and would take too long. */
const MAX_FILES_AGAIN = 3;
/** What stands for an error in no test file, or no report at all. */
const OUTSIDE = 'vitest itself';
const SKIPPED = join(scratch, 'skipped.json');
const ERRORS_REPORTER = join(root, 'scripts/errors-reporter.mjs');

// Beside the tests, which leave a core idle now and then; what it says comes after what they say.
const lintLog = join(scratch, 'lint.log');
const lintOutput = openSync(lintLog, 'w');
const linter = spawn('npm', ['run', '--silent', 'lint'], { cwd: root, stdio: ['ignore', lintOutput, lintOutput] });
const linted = once(linter, 'close');
const counts = runTests('all', []);
const failing = [...counts].filter(([file, count]) => count.failed > 0 && file !== OUTSIDE).map(([file]) => file);
const again = failing.length > 0 && failing.length <= MAX_FILES_AGAIN ? runTests('again', failing) : new Map();
for (const [file, count] of again) {
  if (count.failed === 0) console.error(`FLAKY: ${file} failed beside other tests and passed alone. Mend its race.`);
  counts.set(file, count);
}
const [lint] = await linted;
process.stderr.write(readFileSync(lintLog));
for (const line of leftOut()) console.error(line);
rmSync(scratch, { recursive: true, force: true });

const total = { passed: 0, failed: 0, skipped: 0 };
for (const count of counts.values()) for (const name of Object.keys(total)) total[name] += count[name];
// In CI every real component is installed, so a skipped test is one that lost its reason to pass.
const skippedInCi = process.env.CI === 'true' ? total.skipped : 0;
if (skippedInCi > 0) console.error(`${skippedInCi} tests were skipped, which is a failure under CI=true.`);
if (lint !== 0) console.error('The linter found faults (npm run lint).');
const failed = total.failed + skippedInCi + (lint === 0 ? 0 : 1);
const skipped = total.skipped - skippedInCi;
console.log(`${total.passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed === 0 ? 0 : 1;

function run(command, args, env = {}) {
  const stdio = ['ignore', 'inherit', 'inherit'];
  return spawnSync(command, args, { cwd: root, stdio, env: { ...process.env, ...env } }).status ?? 1;
}

/** Passed, failed and skipped tests of each file. */
function runTests(name, files) {
  const report = join(scratch, `${name}.json`);
  const outside = join(scratch, `${name}.errors`);
  const reporters = ['--reporter=default', '--reporter=json', `--reporter=${ERRORS_REPORTER}`];
  const args = ['vitest', 'run', ...reporters, `--outputFile.json=${report}`, ...files];
  const status = run('npx', args, {
    UPREEL_TEST_ERRORS: outside,
    ...(name === 'all' && { UPREEL_TEST_SKIPPED: SKIPPED }),
  });
  const perFile = new Map(readReport(report).map((file) => [relative(root, file.name), countOf(file)]));
  const isFailed = [...perFile.values()].some((count) => count.failed > 0);
  if (existsSync(outside) || (status !== 0 && !isFailed)) perFile.set(OUTSIDE, { passed: 0, failed: 1, skipped: 0 });
  return perFile;
}

/** What was not run, and what it lacked: a line for each reason of each file. */
function leftOut() {
  const counts = new Map();
  for (const { file, reason } of existsSync(SKIPPED) ? JSON.parse(readFileSync(SKIPPED, 'utf8')) : []) {
    const line = `of ${file} left out, which lack: ${reason}`;
    counts.set(line, (counts.get(line) ?? 0) + 1);
  }
  return [...counts].map(([line, count]) => `${count} ${count === 1 ? 'test' : 'tests'} ${line}`);
}

function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).testResults;
  } catch {
    return [];
  }
}

function countOf({ status, assertionResults }) {
  const count = { passed: 0, failed: 0, skipped: 0 };
  for (const test of assertionResults) count[test.status in count ? test.status : 'skipped']++;
  // A file that does not load, or whose set-up fails, has no failed test of its own.
  if (status === 'failed' && count.failed === 0) count.failed = 1;
  return count;
}
