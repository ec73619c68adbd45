import type { PullEvent } from '../../core/model/index.ts';
import { pullLine } from '../models/models-text.ts';

/** On standard error: a line that renews itself on a terminal; elsewhere one line at the start and one at the end. */
export function reportPull(event: PullEvent): void {
  const finished = event.bytesDone === event.bytesTotal;
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${pullLine(event)}${finished ? '\n' : ''}`);
  else if (finished || event.bytesDone === 0) process.stderr.write(`${pullLine(event)}\n`);
}
