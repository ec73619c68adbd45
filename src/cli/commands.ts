import type { Command } from 'commander';
import { ownVersion } from '../core/files/own-files.ts';

/** What adds commands is loaded when one of them is named, or help is wanted: all of it takes longer than most take. */
export const COMMANDS: readonly (readonly [names: readonly string[], add: (program: Command) => Promise<void>])[] = [
  [['models'], async (program) => (await import('./models/models.ts')).addModelsCommand(program)],
  [['cache'], async (program) => (await import('./machine/cache.ts')).addCacheCommand(program)],
  [['presets'], async (program) => (await import('./flags/presets-command.ts')).addPresetsCommand(program)],
  [
    ['jobs', 'watch', 'logs', 'pause', 'drain', 'cancel', 'move', 'remove', 'wait'],
    async (program) => (await import('./jobs/jobs.ts')).addJobCommands(program),
  ],
  [['preview'], async (program) => (await import('./preview/preview.ts')).addPreviewCommand(program)],
  [['resume', 'retry'], async (program) => (await import('./jobs/resume.ts')).addResumeCommand(program)],
  [['info'], async (program) => (await import('./info/info.ts')).addInfoCommand(program)],
  [['compare', 'eval'], async (program) => (await import('./compare/evaluation.ts')).addEvaluationCommands(program)],
  [
    ['submit', 'worker', 'workers', 'segment', 'join'],
    async (program) => (await import('./fleet-commands/index.ts')).addFleetCommands(program),
  ],
  [['serve'], async (program) => (await import('./service/serve.ts')).addServeCommand(program, ownVersion())],
  [['gimp', 'krita'], async (program) => (await import('./service/editors.ts')).addEditorCommands(program)],
  [['doctor'], async (program) => (await import('./machine/doctor.ts')).addDoctorCommand(program)],
  [['tune'], async (program) => (await import('./machine/tune.ts')).addTuneCommand(program)],
  [['runtime', 'gpu'], async (program) => (await import('./models/runtime.ts')).addRuntimeCommands(program)],
  [['completion'], async (program) => (await import('./completion/index.ts')).addCompletionCommand(program)],
];

/** Completion tells of all commands, as help does. */
const TELLS_ALL: ReadonlySet<string> = new Set(['help', '--help', '--help-all', '-h', 'completion']);

/** Adds those that the words of a command line may mean. */
export async function addCommands(program: Command, words: readonly string[]): Promise<void> {
  const isHelp = words.length === 0 || words.some((word) => TELLS_ALL.has(word));
  for (const [names, add] of COMMANDS) {
    if (isHelp || names.some((name) => words.includes(name))) await add(program);
  }
}
