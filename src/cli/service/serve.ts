import type { Command } from 'commander';
import { defaultStateFile, serve } from '../../bridge/index.ts';
import { UpreelError } from '../../core/errors.ts';
import { listenForInterrupts } from '../interrupt.ts';

/** Adds `upreel serve`. */
export function addServeCommand(program: Command, version: string): void {
  program
    .command('serve')
    .description(
      'the service that upscales for image editors: on this machine only, for whoever can read its state file',
    )
    .option('--state-file <file>', 'where port, pid and token are written (mode 0600)', defaultStateFile())
    .option('--idle-exit <seconds>', 'end after so long without a request; 0: never', '900')
    .action(async ({ stateFile, idleExit }: { stateFile: string; idleExit: string }) => {
      const idleSeconds = Number(idleExit);
      if (!Number.isFinite(idleSeconds) || idleSeconds < 0 || idleExit.trim() === '') {
        throw new UpreelError('usage', `--idle-exit cannot be ${idleExit}: it takes seconds, 0 or more.`);
      }
      const interruption = listenForInterrupts();
      try {
        await serve({
          stateFile,
          idleSeconds,
          version,
          signal: interruption.signal,
          onListening: ({ port, pid }) => {
            process.stderr.write(
              `upreel serves editors on 127.0.0.1:${port} (process ${pid}); state file: ${stateFile}\n`,
            );
          },
        });
      } finally {
        interruption.dispose();
      }
    });
}
