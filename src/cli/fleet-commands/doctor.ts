import type { FleetFinding } from '../../fleet/index.ts';
import { printText } from '../print-text.ts';
import { alignColumns } from '../table.ts';
import { type FleetFlags, loadFleet, openQueue } from './address.ts';

/** `upreel doctor --queue`: what a fleet needs, and what to do where it lacks. @returns the exit code. */
export async function examineFleet(flags: FleetFlags & { readonly json?: boolean }): Promise<number> {
  const { connection, store } = await openQueue(flags);
  const { inspectFleet } = await loadFleet();
  try {
    const findings = await inspectFleet(connection, store);
    if (flags.json === true) console.log(JSON.stringify({ v: 1, type: 'doctor', queue: connection.shown, findings }));
    else printText(fleetText(connection.shown, findings));
    return findings.some(({ state }) => state === 'bad') ? 1 : 0;
  } finally {
    await connection.close();
  }
}

const MARKS = { good: 'good', doubtful: 'doubtful', bad: 'BAD', unknown: '?' } as const;

function fleetText(shown: string, findings: readonly FleetFinding[]): string {
  const rows = findings.map(({ name, state, message }) => [`  ${name}`, MARKS[state], message]);
  const hints = findings.filter(({ hint }) => hint !== '').map(({ name, hint }) => `  ${name}: ${hint}`);
  return [`Queue at ${shown}`, alignColumns(rows), ...(hints.length > 0 ? ['What to do', ...hints] : [])].join('\n');
}
