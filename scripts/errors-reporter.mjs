// For vitest: tells scripts/test.mjs what the JSON report leaves out, errors outside every test and why tests were
// skipped.
import { writeFileSync } from 'node:fs';

export default class ErrorsReporter {
  #skipped = [];

  onTestCaseResult(test) {
    const { state, note } = test.result();
    if (state !== 'skipped') return;
    // Those that know only when they run say it by a note, the others by their names.
    const [, inName] = /\((?:skipped: |needs )([^()]*(?:\([^()]*\))?[^()]*)\)/.exec(test.fullName) ?? [];
    this.#skipped.push({ file: test.module.relativeModuleId, reason: note ?? inName ?? 'no reason is given' });
  }

  onTestRunEnd(_modules, errors) {
    const { UPREEL_TEST_ERRORS, UPREEL_TEST_SKIPPED } = process.env;
    if (errors.length > 0) writeFileSync(UPREEL_TEST_ERRORS, errors.map(({ message }) => message).join('\n'));
    if (UPREEL_TEST_SKIPPED !== undefined) writeFileSync(UPREEL_TEST_SKIPPED, JSON.stringify(this.#skipped));
  }
}
