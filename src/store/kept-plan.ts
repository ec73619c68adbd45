import { createHmac } from 'node:crypto';
import { constants } from 'node:fs/promises';
import { z } from 'zod';
import type { OwnFolder } from '../core/own-folder/index.ts';
import { ownKey } from './own-key.ts';

/** Of a plan's two files, by their names. */
export const MOST_PLAN_BYTES = { 'plan.json': 64 * 1024 * 1024, 'times.bin': 512 * 1024 * 1024 } as const;

/** The plan of a film as these files, and the hash of all that it was made of. */
export interface KeptPlan {
  readonly json: string;
  readonly times: Uint8Array;
  readonly madeOf: string;
}

/**
 * What job.json says of the plan beside it. A folder may come from elsewhere, and a plan is taken as it is: it counts
 * only where this user has signed it on this machine.
 */
export const keptPlanMark = z.object({ madeOf: z.string().max(64), signature: z.string().max(64) });
type KeptPlanMark = z.infer<typeof keptPlanMark>;

/** @returns what job.json is to say of it; null: it is not kept, and will be made anew. */
export async function writePlan(folder: OwnFolder, plan: KeptPlan): Promise<KeptPlanMark | null> {
  const key = await ownKey();
  if (key === null) return null;
  try {
    await folder.write('plan.json', plan.json);
    await folder.write('times.bin', plan.times);
    return { madeOf: plan.madeOf, signature: sign(key, plan) };
  } catch {
    // A disk without room for it has none for the film either, which is told then.
    for (const name of PLAN_FILES) await folder.remove(name).catch(() => {});
    return null;
  }
}

/** @returns null: there is none of exactly this, or it is not this user's own. */
export async function readPlan(folder: OwnFolder, mark: KeptPlanMark, madeOf: string): Promise<KeptPlan | null> {
  if (mark.madeOf !== madeOf) return null;
  const key = await ownKey();
  const [json, times] = await Promise.all(PLAN_FILES.map((name) => readBytes(folder, name)));
  if (key === null || !json || !times) return null;
  const plan = { json: json.toString(), times, madeOf };
  return sign(key, plan) === mark.signature ? plan : null;
}

const PLAN_FILES = ['plan.json', 'times.bin'] as const;

async function readBytes(folder: OwnFolder, name: (typeof PLAN_FILES)[number]): Promise<Buffer | null> {
  const file = await folder.openFile(name, constants.O_RDONLY);
  if (file === null) return null;
  try {
    return (await file.stat()).size > MOST_PLAN_BYTES[name] ? null : await file.readFile();
  } finally {
    await file.close();
  }
}

function sign(key: string, { json, times, madeOf }: KeptPlan): string {
  const parts = [madeOf, json, times];
  const lengths = parts.map((part) => Buffer.byteLength(part));
  const hmac = createHmac('sha256', Buffer.from(key, 'hex')).update(JSON.stringify(lengths));
  for (const part of parts) hmac.update(part);
  return hmac.digest('hex');
}
