// Runs the checks and every test that this machine can run; the last line printed is "N passed, N failed[, N skipped]".
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'upreel-tests-'));
const report = join(scratch, 'report.json');

const lint = run('npm', ['run', '--silent', 'lint']);
const vitest = run('npx', ['vitest', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`]);
const totals = readTotals();
rmSync(scratch, { recursive: true, force: true });

// In CI every real component is installed, so a skipped test is one that lost its reason to pass.
const skippedInCi = process.env.CI === 'true' ? totals.skipped : 0;
if (skippedInCi > 0) console.error(`${skippedInCi} tests were skipped, which is a failure under CI=true.`);
if (lint !== 0) console.error('The linter found faults (npm run lint).');
const failed = totals.failed + skippedInCi + (lint === 0 ? 0 : 1);
const skipped = totals.skipped - skippedInCi;
console.log(`${totals.passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = vitest === 0 && failed === 0 ? 0 : 1;

function run(command, args) {
  return spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] }).status ?? 1;
}

function readTotals() {
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, numFailedTestSuites, testResults } =
      JSON.parse(readFileSync(report, 'utf8'));
    // A file that fails to load has no failed test of its own, but has failed.
    const brokenFiles = testResults.filter(
      (file) => file.status === 'failed' && file.assertionResults.length === 0,
    ).length;
    const failed = numFailedTests + brokenFiles;
    return {
      passed: numPassedTests,
      failed: failed === 0 && numFailedTestSuites > 0 ? 1 : failed,
      skipped: numPendingTests + numTodoTests,
    };
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
}
