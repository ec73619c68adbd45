// Plays a script of events to the built reporters, as the command line does: node report-driver.mjs SCRIPT.json KIND
// SCRIPT.json: a list of steps { waitMs } | { event } | { exit, error } | { repeat, times, waitMs } | { crash } | {
// hang }.
import { readFileSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { openReporter } from '../../dist/cli/report/open-reporter.js';

const [, , scriptPath, kind] = process.argv;
const { steps, inputsTotal, keys, intervalSeconds } = JSON.parse(readFileSync(scriptPath, 'utf8'));
const stopped = new AbortController();
let interrupts = 0;

const reporter = await openReporter({
  kind,
  stdout: process.stdout,
  stderr: process.stderr,
  stdin: process.stdin,
  env: process.env,
  ...(inputsTotal === undefined ? {} : { inputsTotal }),
  ...(intervalSeconds === undefined ? {} : { intervalSeconds }),
  ...(keys ? { onInterrupt: () => ++interrupts === 2 && stopped.abort() } : {}),
});
let code = 0;
for (const step of steps) {
  if ('event' in step) reporter.event(step.event);
  if ('repeat' in step) {
    for (let index = 0; index < step.times; index += 1) {
      reporter.event({ ...step.repeat, framesDone: index });
      await sleep(step.waitMs);
    }
  } else if ('waitMs' in step) await sleep(step.waitMs);
  if ('crash' in step) setImmediate(() => Promise.reject(new Error('crash on purpose')));
  if ('hang' in step) {
    await sleep(60_000, undefined, { signal: stopped.signal }).catch(() => {});
    code = 130;
    reporter.exit(130, { code: 'interrupted', message: 'Interrupted.', hint: 'Run it again to go on.', detail: '' });
  }
  if ('exit' in step) {
    code = step.exit;
    reporter.exit(step.exit, step.error);
  }
}
await reporter.close();
process.exitCode = code;
if (process.env.REPORT_DRIVER_FD) writeSync(Number(process.env.REPORT_DRIVER_FD), `interrupts ${interrupts}\n`);
