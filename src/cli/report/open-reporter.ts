import { chooseLook, type Look } from '../../tui/index.ts';
import { errorText } from '../error-text.ts';
import { openJsonReporter } from './report-json.ts';
import { openLineWriter } from './report-lines.ts';
import { openPlainReporter } from './report-plain.ts';
import type { Reporter, ReporterKind } from './reporter.ts';

export interface ReporterOptions {
  readonly kind: ReporterKind;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly stdin: NodeJS.ReadStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** How many inputs the run has, if more than one: "2 of 5". */
  readonly inputsTotal?: number;
  /** Called for q and Ctrl-C in the view, which reads the keyboard; each press is a call. */
  readonly onInterrupt?: () => void;
  /** Between plain lines. */
  readonly intervalSeconds?: number;
  readonly verbose?: boolean;
}

export async function openReporter(options: ReporterOptions): Promise<Reporter> {
  const look = chooseLook(options.env, process.platform);
  const verbose = options.verbose ?? false;
  switch (options.kind) {
    case 'json':
      return openJsonReporter(options.stdout, options.stderr, { verbose, charset: look.charset });
    case 'plain':
      return openPlainReporter(options.stderr, { look, intervalSeconds: options.intervalSeconds ?? 5, verbose });
    case 'view':
      return openViewReporter(options, look);
  }
}

/** The view on stdout, and after it, on stderr, the reason of a failure that the view has not told. */
export async function openViewReporter(options: ReporterOptions, look: Look): Promise<Reporter> {
  // React's development build costs half as much again per draw; it is chosen when React loads.
  process.env.NODE_ENV ??= 'production';
  // Loaded here: React and Ink cost a fifth of a second that the other reporters do not owe.
  const { openView } = await import('../../tui/view.ts');
  const view = openView({
    stdout: options.stdout,
    stdin: options.stdin,
    look,
    env: options.env,
    inputsTotal: options.inputsTotal ?? null,
    onInterrupt: options.onInterrupt ?? null,
  });
  const told = new Set<string>();
  let lastWords = '';
  return {
    event(event) {
      if (event.type === 'failed') told.add(event.error.message);
      view.event(event);
    },
    exit(code, error) {
      view.exit(code, error ?? null);
      const verbose = options.verbose ?? false;
      if (error !== undefined && (verbose || !told.has(error.message))) {
        lastWords = errorText(error, { verbose, charset: look.charset });
      }
    },
    async close() {
      await view.close();
      if (lastWords === '') return;
      const lines = openLineWriter(options.stderr);
      lines.write(lastWords);
      await lines.flush();
    },
  };
}
