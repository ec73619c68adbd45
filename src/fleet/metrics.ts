import { createServer, type Server } from 'node:http';
import type { Queue } from 'bullmq';
import { DEVICE_NAMES } from '../core/device-name.ts';
import { UpreelError } from '../core/errors.ts';
import { readBeats } from './beats.ts';
import type { FleetConnection } from './connection.ts';
import { FilmStates } from './film-state.ts';
import type { SegmentJob } from './names.ts';
import { FleetQueues } from './queues.ts';

/** What a worker has done since it began. */
export interface WorkerTotals {
  readonly segmentsMade: number;
  readonly framesMade: number;
  readonly failures: number;
  /** Segments that were lost to another worker, or given back. */
  readonly lost: number;
  /** Of the segments that it made, together. */
  readonly segmentSeconds: number;
}

export interface MetricsServer {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * The fleet and this worker as Prometheus reads them (text format 0.0.4), on this machine alone: whoever scrapes from
 * elsewhere has an agent here. @param port 0: any
 * @throws UpreelError `usage` if the port is taken.
 */
export async function serveMetrics(
  port: number,
  connection: FleetConnection,
  totals: () => WorkerTotals,
): Promise<MetricsServer> {
  const queues = new FleetQueues(connection);
  const server = createServer((request, response) => {
    const isAsked = request.method === 'GET' && request.url === '/metrics';
    if (!isAsked) {
      response.writeHead(404).end();
      return;
    }
    readMetrics(connection, queues, totals()).then(
      (text) => response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(text),
      () => response.writeHead(503).end(),
    );
  });
  await listen(server, port);
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    async close() {
      server.closeAllConnections();
      server.close();
      await queues.close();
    },
  };
}

async function readMetrics(connection: FleetConnection, queues: FleetQueues, totals: WorkerTotals): Promise<string> {
  const states = new FilmStates(connection);
  const films = await Promise.all((await states.list()).map((id) => states.read(id)));
  const segments = await Promise.all(queues.allSegments().map(countSegments));
  const beats = await readBeats(connection);
  const nowMs = await states.nowMs();
  const oldest = segments.reduce((time, { nextAtMs }) => Math.min(time, nextAtMs ?? nowMs), nowMs);
  const rate = beats.reduce((sum, { framesPerSecond }) => sum + (framesPerSecond ?? 0), 0);
  const filmStates = ['running', 'paused', 'cancelled', 'failed', 'done'].map(
    (state) => [`state="${state}"`, films.filter((film) => film?.state === state).length] as const,
  );
  return [
    family('upreel_films', 'gauge', 'Films by state.', filmStates),
    family('upreel_segments', 'gauge', 'Segments in the queues by state and by the device that they ask for.', [
      ...segments.flatMap(({ samples }) => samples),
    ]),
    family('upreel_queue_wait_seconds', 'gauge', 'Age of the segment that has waited longest.', [
      ['', (nowMs - oldest) / 1000],
    ]),
    family('upreel_workers', 'gauge', 'Workers that were heard lately.', [['', beats.length]]),
    family('upreel_frames_per_second', 'gauge', 'Of all workers together.', [['', rate]]),
    family('upreel_worker_segments_total', 'counter', 'Segments that this worker made.', [['', totals.segmentsMade]]),
    family('upreel_worker_frames_total', 'counter', 'Frames of these.', [['', totals.framesMade]]),
    family('upreel_worker_segment_seconds_total', 'counter', 'Seconds for these.', [['', totals.segmentSeconds]]),
    family('upreel_worker_failures_total', 'counter', 'Attempts that failed here.', [['', totals.failures]]),
    family('upreel_worker_lost_total', 'counter', 'Segments lost or given back.', [['', totals.lost]]),
  ].join('');
}

interface SegmentCounts {
  readonly samples: readonly (readonly [labels: string, value: number])[];
  /** When the next one was put there; null: none waits. */
  readonly nextAtMs: number | null;
}

async function countSegments(queue: Queue<SegmentJob>, place: number): Promise<SegmentCounts> {
  const device = [null, ...DEVICE_NAMES][place] ?? 'any';
  const counts = await queue.getJobCounts('prioritized', 'active', 'delayed');
  const [next] = await queue.getPrioritized(0, 0);
  return {
    samples: Object.entries({ waiting: counts.prioritized, active: counts.active, delayed: counts.delayed }).map(
      ([state, value = 0]) => [`state="${state}",device="${device}"`, value] as const,
    ),
    nextAtMs: next?.timestamp ?? null,
  };
}

/** @param samples labels (none: an empty text) and value */
function family(
  name: string,
  type: 'gauge' | 'counter',
  help: string,
  samples: readonly (readonly [labels: string, value: number])[],
): string {
  const lines = samples.map(([labels, value]) => `${name}${labels === '' ? '' : `{${labels}}`} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new UpreelError('usage', `--metrics ${port} cannot be served: ${cause.message}.`, {
          hint: 'Name another port.',
        }),
      ),
    );
    server.listen(port, '127.0.0.1', resolve);
  });
}
