import { constants, copyFile, rm, stat, writeFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { byteText } from '../../core/byte-text.ts';
import { UpreelError } from '../../core/errors.ts';
import { publishFile, temporaryNameFor } from '../../core/files/publish.ts';
import {
  blendModels,
  COLOUR_SOURCES,
  type ColourSource,
  fileSha256,
  importModel,
  type LoadModelOptions,
  listModels,
  loadModel,
  locateWeights,
  type NetworkOptions,
  networkFiles,
  type OnnxOptions,
  type PullEvent,
  readCatalogue,
  removeModel,
} from '../../core/model/index.ts';
import { findShared, pullShared, readSharedList } from '../../core/model/shared/index.ts';
import { PRESETS, presetsWith } from '../../library/index.ts';
import { safeText } from '../../tui/index.ts';
import { readConfigFile } from '../flags/config-file.ts';
import { printText } from '../print-text.ts';
import { reportPull } from '../report/report-pull.ts';
import { infoText, listTable, type ModelInfo } from './models-text.ts';
import { sharedRecord, sharedTable, staleLine } from './shared-models-text.ts';

/** Adds `upreel models ...`. Actions throw UpreelError; whoever parses the command line prints it. */
export function addModelsCommand(program: Command, signal?: AbortSignal): void {
  const abort = signal === undefined ? {} : { signal };
  const models = program.command('models').description('the networks that upreel knows, and your own');

  models
    .command('list')
    .description('the models of the catalogue and those that were imported')
    .option('--json', 'one JSON line per model')
    .action(async (_, command: Command) => {
      const [listed, { presets }] = [await listModels(), await readConfigFile()];
      const withPresets = listed.map((model) => ({
        ...model,
        presets: presetsWith(model.id, { ...PRESETS, ...presets }),
      }));
      if (wantsJson(command)) for (const model of withPresets) printJson('model', model);
      else printText(listTable(withPresets));
    });

  models
    .command('pull')
    .description('fetch models into the cache')
    .argument('<id...>', 'ids from `upreel models list`; omdb:ID for one of `upreel models find`')
    .option('--json', 'JSON lines')
    .action(async (ids: string[], _, command: Command) => {
      for (const id of ids) {
        const options = { ...abort, onPull: reporter(wantsJson(command)) };
        const pulled = id.startsWith('omdb:')
          ? await pullShared(id.slice(5), options)
          : await locateWeights(id, options);
        if (wantsJson(command)) printJson('pulled', { id: pulled.id, ...pulled.files });
        else printText(`${pulled.id} is in ${pulled.files.path}`);
      }
    });

  models
    .command('find')
    .description("look through OpenModelDB's public list, fetched once a day")
    .argument('<word...>', 'of names, authors, kinds, tags; 4x for a scale')
    .option('--json', 'one JSON line per network')
    .action(async (words: string[], _, command: Command) => {
      const list = await readSharedList(signal ?? new AbortController().signal);
      const found = findShared(list.models, words);
      if (list.stale !== null) process.stderr.write(`${safeText(staleLine(list))}\n`);
      if (wantsJson(command)) for (const model of found) printJson('shared-model', sharedRecord(model));
      else printText(found.length === 0 ? 'Nothing has all these words.' : sharedTable(found));
    });

  models
    .command('info')
    .description('what a network is: architecture, scale, receptive field, work, hashes')
    .argument('<model>', 'id, or a checkpoint file')
    .addOption(onnxRange())
    .addOption(onnxChannels())
    .option('--json', 'one JSON line')
    .action(async (idOrFile: string, _, command: Command) => {
      const json = wantsJson(command);
      const info = await gatherInfo(idOrFile, { ...abort, onnx: onnxOf(command), onPull: reporter(json) });
      if (json) printJson('model-info', { ...info.descriptor, catalogue: info.catalogued, files: info.files });
      else printText(infoText(info));
    });

  models
    .command('import')
    .description('copy a checkpoint into the cache, to be used by its id')
    .argument('<file>', '.pth, .safetensors, .onnx, or ncnn .param with .bin')
    .option('--id <name>', "id to use it by (default: the file's name without extension)")
    .option('--json', 'one JSON line')
    .action(async (file: string, options: { id?: string }, command: Command) => {
      const descriptor = await importModel(file, { ...abort, ...(options.id === undefined ? {} : { id: options.id }) });
      if (wantsJson(command)) printJson('imported', descriptor);
      else
        printText(
          `Imported ${descriptor.id}: ${descriptor.architecture} (${descriptor.summary}), ${descriptor.scale}x`,
        );
    });

  models
    .command('remove')
    .description('remove a model, fetched or imported, and the networks made from it from the cache')
    .argument('<id...>', 'ids from `upreel models list`')
    .option('--json', 'JSON lines')
    .action(async (ids: string[], _, command: Command) => {
      for (const id of ids) {
        const removed = await removeModel(id, signal ?? new AbortController().signal);
        const bytes = removed.reduce((sum, file) => sum + file.bytes, 0);
        if (wantsJson(command)) printJson('model-removed', { id, bytes, files: removed.map(({ path }) => path) });
        else printText(`Removed ${id}: ${removed.length} files, ${byteText(bytes)}`);
      }
    });

  models
    .command('export')
    .description('write the network that upreel runs: uint8 NHWC RGB in and out, free height and width')
    .argument('<model>', 'id, or a checkpoint file')
    .addOption(new Option('--denoise <0..1>', 'as upreel image --denoise').argParser(Number))
    .addOption(new Option('--colour <from>', 'as upreel image --colour').choices(COLOUR_SOURCES))
    .addOption(onnxRange())
    .addOption(onnxChannels())
    .requiredOption('-o, --output <file>', 'ONNX file to write')
    .option('--overwrite', 'replace it if it exists')
    .option('--json', 'one JSON line')
    .action(async (idOrFile: string, _, command: Command) => {
      const { output, overwrite = false, ...flags } = command.optsWithGlobals<ExportFlags>();
      const use = {
        ...(flags.denoise !== undefined && { denoise: flags.denoise }),
        ...(flags.colour && { colour: flags.colour }),
      };
      const options = { ...abort, ...use, onnx: onnxOf(command), onPull: reporter(wantsJson(command)) };
      const bytes = await exportModel(idOrFile, output, overwrite, options);
      if (wantsJson(command)) printJson('exported', { output, bytes });
      else printText(`Wrote ${output} (${byteText(bytes)})`);
    });

  models
    .command('blend')
    .description('mix two networks of one architecture: (1 - X) * A + X * B')
    .argument('<a>', 'id, or a checkpoint file')
    .argument('<b>', 'id, or a checkpoint file')
    .addOption(onnxRange())
    .addOption(onnxChannels())
    .requiredOption('--alpha <x>', 'share of B, 0..1')
    .requiredOption('-o, --output <file>', '.safetensors, or .onnx as `models export` writes it')
    .option('--overwrite', 'replace it if it exists')
    .option('--json', 'one JSON line')
    .action(async (a: string, b: string, _, command: Command) => {
      const flags = command.optsWithGlobals<{ alpha: string; output: string; overwrite?: boolean }>();
      const { output, overwrite = false } = flags;
      const json = wantsJson(command);
      const options = { ...abort, onnx: onnxOf(command), onPull: reporter(json) };
      const alpha = flags.alpha.trim() === '' ? Number.NaN : Number(flags.alpha);
      const { descriptor, bytes } = await blendModels(a, b, { ...options, alpha, output });
      await writeResult(output, overwrite, (temporary) => writeFile(temporary, bytes, { flag: 'wx' }));
      if (json) printJson('blended', { output, bytes: bytes.length, descriptor });
      else printText(`Wrote ${output} (${byteText(bytes.length)}): ${descriptor.summary}, ${descriptor.scale}x`);
    });
}

interface ExportFlags {
  readonly output: string;
  readonly overwrite?: boolean;
  readonly denoise?: number;
  readonly colour?: ColourSource;
}

function onnxRange(): Option {
  return new Option('--onnx-range <range>', 'ONNX files of others: range of samples').choices([
    '0..1',
    '0..255',
    '-1..1',
  ]);
}

function onnxChannels(): Option {
  return new Option('--onnx-channels <order>', 'ONNX files of others: order of channels').choices(['rgb', 'bgr']);
}

function onnxOf(command: Command): OnnxOptions {
  const flags = command.optsWithGlobals<{
    onnxRange?: NonNullable<OnnxOptions['range']>;
    onnxChannels?: NonNullable<OnnxOptions['channels']>;
  }>();
  return {
    ...(flags.onnxRange && { range: flags.onnxRange }),
    ...(flags.onnxChannels && { channels: flags.onnxChannels }),
  };
}

async function gatherInfo(idOrFile: string, options: LoadModelOptions): Promise<ModelInfo> {
  const { files } = await locateWeights(idOrFile, options);
  const { descriptor } = await loadModel(idOrFile, options);
  const catalogued = readCatalogue().models.find(({ id }) => id === idOrFile) ?? null;
  const described = (await networkFiles(files)).map(async (path) => ({
    path,
    bytes: (await stat(path)).size,
    sha256: await fileSha256(path),
  }));
  return { descriptor, catalogued, files: await Promise.all(described) };
}

/** @returns the bytes written */
async function exportModel(
  idOrFile: string,
  output: string,
  overwrite: boolean,
  options: NetworkOptions,
): Promise<number> {
  if (!output.endsWith('.onnx')) {
    throw new UpreelError('usage', `Expected a file name that ends in .onnx for --output, got ${output}.`);
  }
  const model = await loadModel(idOrFile, options);
  const network = await model.networkFile({ bytesPerSample: 1, channels: 3 });
  await writeResult(output, overwrite, (temporary) => copyFile(network, temporary, constants.COPYFILE_EXCL));
  return (await stat(output)).size;
}

/** The file appears complete under its name or not at all. */
async function writeResult(
  output: string,
  overwrite: boolean,
  write: (temporary: string) => Promise<void>,
): Promise<void> {
  const temporary = temporaryNameFor(output);
  try {
    await write(temporary).catch((cause: unknown) => {
      throw new UpreelError('output-unwritable', `Cannot write beside ${output}.`, {
        hint: 'Check that the folder exists and that you may write there.',
        cause,
      });
    });
    // The cache's files are their owner's alone.
    await publishFile(temporary, output, { overwrite, share: true });
  } finally {
    await rm(temporary, { force: true });
  }
}

function reporter(json: boolean): (event: PullEvent) => void {
  return (event) => (json ? printJson('pull', event) : reportPull(event));
}

/** The root command may have the same option, and takes it then wherever it stands. */
function wantsJson(command: Command): boolean {
  return command.optsWithGlobals<{ json?: boolean }>().json === true;
}

function printJson(type: string, record: object): void {
  console.log(JSON.stringify({ v: 1, type, ...record }));
}
