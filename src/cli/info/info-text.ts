import type { Provenance, SourceMark } from '../../core/provenance.ts';
import { bytes, duration, frameRate, joinText, pictureSize, type SafeText, safeText, text } from '../../tui/index.ts';
import { alignColumns } from '../table.ts';
import type { FileInfo } from './file-info.ts';

/** What `upreel info` says of a file: its name, a line on what it is, and how it was made. */
export function infoLines(info: FileInfo): SafeText {
  const { path, provenance } = info;
  const made = provenance === null ? text`  It does not say that upreel made it.` : provenanceRows(provenance);
  return joinText([safeText(path), text`  ${factsOf(info)}`, made], NEW_LINE);
}

/** The one control character of a table, which no cell can hold. */
const NEW_LINE = '\n' as SafeText;

function factsOf(info: FileInfo): SafeText {
  const shape = [shortly(info.format), pictureSize(info), bytes(info.bytes)];
  if (info.kind === 'image') {
    const samples = text`${info.bitsPerSample} bits, ${info.channels === 1 ? text`gray` : text`RGB`}`;
    const pages = info.pages === 1 ? [] : [text`${info.pages} pages`];
    return joinText([...shape, samples, ...(info.alpha ? [text`transparency`] : []), ...pages], COMMA);
  }
  const { durationSeconds, framesPerSecond, codec, pixelFormat, streams } = info;
  const others = streams
    .filter(({ kind }) => kind !== 'video')
    .map(({ kind, codec: own }) => shortly(`${kind} ${own}`));
  const long = durationSeconds === null ? [] : [duration(durationSeconds)];
  const picture = [text`${shortly(codec)} ${shortly(pixelFormat)}`, frameRate(framesPerSecond)];
  return joinText([...shape, ...long, ...picture, ...others.slice(0, MOST_STREAMS)], COMMA);
}

const COMMA = text`, `;
const MOST_STREAMS = 12;

/** Whatever stands in a file: no value takes the whole screen. */
function shortly(raw: string): SafeText {
  return safeText(raw, { maxColumns: 200 });
}

function provenanceRows({ program, model, network, device, preset, options, source }: Provenance): SafeText {
  const rows: [SafeText, SafeText][] = [
    [text`made by`, shortly(program)],
    [text`model`, text`${shortly(model)} (${shortly(network)})`],
    [text`device`, shortly(device)],
    [text`preset`, preset === null ? text`none` : shortly(preset)],
    [text`options`, optionsText(options)],
    [text`source`, sourceText(source)],
  ];
  return alignColumns(rows, { indent: '  ' });
}

function optionsText(options: Provenance['options']): SafeText {
  const told = Object.entries(options).map(([name, value]) => {
    return shortly(`${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`);
  });
  return told.length === 0 ? text`the defaults` : joinText(told.slice(0, MOST_OPTIONS), COMMA);
}

const MOST_OPTIONS = 40;

function sourceText({ name, bytes: size, sha256, endsSha256 }: SourceMark): SafeText {
  const whole = sha256 === undefined ? [] : [text`sha256 ${shortly(sha256)}`];
  const ends = endsSha256 === undefined ? [] : [text`sha256 of its first and last MiB ${shortly(endsSha256)}`];
  return joinText([shortly(name), ...(size === undefined ? [] : [bytes(size)]), ...whole, ...ends], COMMA);
}
