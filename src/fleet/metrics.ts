import { createServer, type Server } from 'node:http';
import { UpreelError } from '../core/errors.ts';
import { readBeats } from './beats.ts';
import type { FleetConnection } from './connection.ts';
import { FilmStates } from './film-state.ts';
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
  const counts = await queues.segments.getJobCounts('prioritized', 'active', 'delayed');
  const beats = await readBeats(connection);
  const nowMs = await states.nowMs();
  const [next] = await queues.segments.getPrioritized(0, 0);
  const rate = beats.reduce((sum, { framesPerSecond }) => sum + (framesPerSecond ?? 0), 0);
  const filmStates = ['running', 'paused', 'cancelled', 'failed', 'done'].map(
    (state) => [`state="${state}"`, films.filter((film) => film?.state === state).length] as const,
  );
  return [
    family('upreel_films', 'gauge', 'Films by state.', filmStates),
    family('upreel_segments', 'gauge', 'Segments in the queue by state.', [
      ['state="waiting"', counts.prioritized ?? 0],
      ['state="active"', counts.active ?? 0],
      ['state="delayed"', counts.delayed ?? 0],
    ]),
    family('upreel_queue_wait_seconds', 'gauge', 'Age of the segment that is next.', [
      ['', next === undefined ? 0 : Math.max(0, (nowMs - next.timestamp) / 1000)],
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
