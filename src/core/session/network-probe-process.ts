import { type FloatSession, type FloatTensor, openFloatSession } from './session.ts';

/** Entry of the process in which a network is tried (network-probe.ts). */

export type ProbeRequest =
  | { readonly type: 'open'; readonly networkFile: string }
  | { readonly type: 'run'; readonly source: FloatTensor };

export type ProbeReply =
  | { readonly type: 'opened' }
  | { readonly type: 'result'; readonly upscaled: FloatTensor }
  | { readonly type: 'failed'; readonly reason: string };

let session: FloatSession | undefined;

process.on('message', (request: ProbeRequest) => {
  void answer(request)
    .catch((error: unknown): ProbeReply => ({ type: 'failed', reason: String(error).slice(0, 1000) }))
    .then((reply) => process.send?.(reply));
});

// Whoever asked is gone, killed perhaps.
process.on('disconnect', () => process.exit());

async function answer(request: ProbeRequest): Promise<ProbeReply> {
  if (request.type === 'open') {
    session = await openFloatSession(request.networkFile);
    return { type: 'opened' };
  }
  if (session === undefined) return { type: 'failed', reason: 'no network is open' };
  return { type: 'result', upscaled: await session.run(request.source) };
}
