import { Argument, type Command } from 'commander';
import { cacheFolders, listCache, removeCached } from '../../core/model/index.ts';
import { printableJson } from '../../core/quiet-json.ts';
import { findRuntime } from '../../core/runtime/index.ts';
import { hasEnded, type JobSnapshot, listKeptHistories, removeKeptHistory, stateRoot } from '../../job/index.ts';
import { list, withFeed } from '../jobs/jobs.ts';
import { type Kept, type KeptWhat, keptTable, keptText } from './cache-text.ts';
import { sizeOfTree } from './tree-size.ts';

/** What upreel makes again by itself: what is cleaned where nothing is named. */
const REMADE: readonly KeptWhat[] = ['networks', 'findings', 'logs'];
/** What only its user can make again, or what has to be fetched: cleaned by name alone. */
const BY_NAME: readonly KeptWhat[] = ['models', 'imported', 'jobs'];

/** Adds `upreel cache` and `upreel cache clean`. Actions throw UpreelError. */
export function addCacheCommand(program: Command): void {
  const cache = program
    .command('cache')
    .description('what upreel keeps on this machine, where, and how large it is')
    .option('--json', 'one JSON line for each kind, and for each job')
    .action(async (_, command: Command) => {
      const kept = await gather();
      if (wantsJson(command)) for (const row of kept) console.log(printableJson({ v: 1, type: 'cache', ...row }));
      else console.log(keptTable(kept));
    });

  cache
    .command('clean')
    .description(
      'free space: what upreel makes again by itself; models, imported ones and unfinished jobs by name alone',
    )
    .addArgument(new Argument('[what...]', `default: ${REMADE.join(' ')}`).choices([...REMADE, ...BY_NAME]))
    .option('--json', 'one JSON line for each kind')
    .action(async (named: KeptWhat[], _, command: Command) => {
      for (const what of named.length === 0 ? REMADE : new Set(named)) {
        const freed = await clean(what);
        if (wantsJson(command)) console.log(printableJson({ v: 1, type: 'cleaned', ...freed }));
        else console.log(keptText(freed));
      }
    });
}

/** The root command has the same option, and takes it wherever it stands. */
function wantsJson(command: Command): boolean {
  return command.optsWithGlobals<{ json?: boolean }>().json === true;
}

async function gather(): Promise<readonly Kept[]> {
  const files = await listCache();
  const { models, onnx, devices } = cacheFolders();
  const places = { models, imported: models, networks: onnx, findings: devices } as const;
  const cached = (['models', 'imported', 'networks', 'findings'] as const).map((what): Kept => {
    const own = files.filter(({ kind }) => kind === what);
    return { what, path: places[what], files: own.length, bytes: own.reduce((sum, { bytes }) => sum + bytes, 0) };
  });
  const logs = await listKeptHistories();
  const runtime = findRuntime()?.folder ?? cacheFolders().runtime;
  const { stores } = cacheFolders();
  const fetched = await sizeOfTree(stores);
  return [
    ...cached,
    { what: 'logs', path: stateRoot(), files: logs.length, bytes: logs.reduce((sum, { bytes }) => sum + bytes, 0) },
    { what: 'runtime', path: runtime, ...(await sizeOfTree(runtime)) },
    // What workers have fetched of buckets, which has a bound of its own.
    ...(fetched.files === 0 ? [] : [{ what: 'stores' as const, path: stores, ...fetched }]),
    ...(await withFeed({}, (feed) => Promise.all(list(feed).map(jobRow)))).flatMap((row) => row ?? []),
  ];
}

/** null: it has no folder, as those that are done. */
async function jobRow({ id, folder, state }: JobSnapshot): Promise<Kept | null> {
  const size = await sizeOfTree(folder);
  return size.files === 0 ? null : { what: 'jobs', path: folder, ...size, job: { id, state } };
}

/** @returns what was there and is gone. */
async function clean(what: KeptWhat): Promise<Kept> {
  const { signal } = new AbortController();
  if (what === 'jobs') return cleanJobs();
  if (what === 'logs') return cleanLogs();
  const files = (await listCache()).filter(({ kind }) => kind === what);
  await removeCached(files, signal);
  const { models, onnx, devices } = cacheFolders();
  const path = what === 'networks' ? onnx : what === 'findings' ? devices : models;
  return { what, path, files: files.length, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** Those that do not run; their sources and outputs are left alone. */
async function cleanJobs(): Promise<Kept> {
  return withFeed({}, async (feed) => {
    let [files, bytes] = [0, 0];
    for (const job of list(feed).filter(hasEnded)) {
      const row = await jobRow(job);
      if (row === null) continue;
      await feed.act(job.id, 'remove');
      files += row.files;
      bytes += row.bytes;
    }
    return { what: 'jobs', path: stateRoot(), files, bytes };
  });
}

/** Of jobs that run it is written anew in any case when they end. */
async function cleanLogs(): Promise<Kept> {
  const logs = await listKeptHistories();
  for (const { id } of logs) await removeKeptHistory(id);
  return { what: 'logs', path: stateRoot(), files: logs.length, bytes: logs.reduce((sum, log) => sum + log.bytes, 0) };
}
