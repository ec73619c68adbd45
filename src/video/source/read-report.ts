import { UpreelError } from '../../core/errors.ts';
import { probeLines } from '../../core/ffmpeg/ffmpeg.ts';
import { type Report, reportSchema } from './probe-report.ts';

/** What is asked of the packets in the same run: starting a program costs more than reading a short film. */
export interface PacketQuestion {
  /** ffprobe's options: which of them, and what of each. */
  readonly options: readonly string[];
  /** Hears their JSON: one line for each packet, and more where it has side data. */
  readonly onLine: (line: string) => void;
  /** Hears what ffprobe complains about. */
  readonly onMessage?: (line: string) => void;
}

/** One run of ffprobe over a file. @throws ProgramError; UpreelError `input-unsupported` for one that never ends. */
export async function readReport(
  path: string,
  input: { readonly options: readonly string[]; readonly source: string },
  signal: AbortSignal,
  packets: PacketQuestion = { options: [], onLine: () => {} },
): Promise<Report> {
  const show = ['-show_streams', '-show_format', '-show_chapters', ...packets.options, '-of', 'json=compact=1'];
  const lines: string[] = [];
  let characters = 0;
  let isPacket = false;
  const args = ['-v', 'level+error', ...input.options, ...show, input.source];
  for await (const line of probeLines(args, signal, packets.onMessage)) {
    // They come first, and in a film there are too many to keep.
    if (line === PACKETS_BEGIN || isPacket) {
      if (isPacket && line !== PACKETS_END) packets.onLine(line);
      isPacket = line !== PACKETS_END;
      continue;
    }
    characters += line.length;
    if (characters > MAX_REPORT_CHARACTERS) {
      throw new UpreelError(
        'input-unsupported',
        `${path} describes itself in more than ${MAX_REPORT_CHARACTERS} characters.`,
      );
    }
    lines.push(line);
  }
  return reportSchema.parse(JSON.parse(lines.join('\n')));
}

const PACKETS_BEGIN = '    "packets": [';
const PACKETS_END = '    ],';
const MAX_REPORT_CHARACTERS = 32 * 1024 * 1024;
