// For vitest: tells scripts/test.mjs of errors outside every test, which the JSON report leaves out.
import { writeFileSync } from 'node:fs';

export default class ErrorsReporter {
  onTestRunEnd(_modules, errors) {
    if (errors.length > 0)
      writeFileSync(process.env.UPREEL_TEST_ERRORS, errors.map(({ message }) => message).join('\n'));
  }
}
