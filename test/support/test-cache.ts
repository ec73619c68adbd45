import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** One cache per machine for all tests: what one has fetched or tried, the others find there. */
export function testCache(): string {
  return process.env.UPREEL_TEST_CACHE ?? join(tmpdir(), 'upreel-test-cache');
}
