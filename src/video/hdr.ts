import { z } from 'zod';
import { probeLines } from './ffmpeg.ts';
import { safeInput } from './safe-input.ts';
import type { VideoInfo } from './video-info.ts';

/** Static HDR metadata, and the names of dynamic kinds that no encoder here can take over. */
export interface HdrMetadata {
  readonly mastering: MasteringDisplay | null;
  readonly light: { readonly maxContent: number; readonly maxAverage: number } | null;
  readonly dynamic: readonly string[];
}

/** SMPTE ST 2086: chromaticities as x and y in CIE 1931, luminances in candela per square metre. */
export interface MasteringDisplay {
  readonly red: readonly [number, number];
  readonly green: readonly [number, number];
  readonly blue: readonly [number, number];
  readonly white: readonly [number, number];
  readonly maxLuminance: number;
  readonly minLuminance: number;
}

/** Reads the first frame: some streams carry it in the frames only, some in the container only. */
export async function readHdr({ path, video }: VideoInfo, signal: AbortSignal): Promise<HdrMetadata> {
  const { options, source } = safeInput(path);
  const show = ['-select_streams', `${video.index}`, '-read_intervals', '%+#1', '-show_frames', '-show_streams'];
  const lines: string[] = [];
  for await (const line of probeLines(['-v', 'level+error', ...options, ...show, '-of', 'json', source], signal)) {
    lines.push(line);
  }
  return parseHdr(JSON.parse(lines.join('\n')));
}

const ratio = z.string().transform((text) => {
  const [num = Number.NaN, den = 1] = text.split('/').map(Number);
  return num / den;
});
const sideData = z.array(z.looseObject({ side_data_type: z.string().default('') })).default([]);
const holder = z.looseObject({ side_data_list: sideData });
const reportSchema = z.object({ frames: z.array(holder).default([]), streams: z.array(holder).default([]) });
const masteringSchema = z.object({
  ...{ red_x: ratio, red_y: ratio, green_x: ratio, green_y: ratio, blue_x: ratio, blue_y: ratio },
  ...{ white_point_x: ratio, white_point_y: ratio, min_luminance: ratio, max_luminance: ratio },
});
const lightSchema = z.object({ max_content: z.number(), max_average: z.number() });

/** @param report ffprobe's, of streams and frames. */
export function parseHdr(report: unknown): HdrMetadata {
  const { frames, streams } = reportSchema.parse(report);
  const all = [...frames, ...streams].flatMap((entry) => entry.side_data_list);
  const ofType = (pattern: RegExp) => all.find((data) => pattern.test(data.side_data_type));
  const mastering = masteringSchema.safeParse(ofType(/^Mastering display metadata/i));
  const light = lightSchema.safeParse(ofType(/^Content light level/i));
  const dynamic = all.map((data) => data.side_data_type).filter((name) => DYNAMIC.test(name));
  return {
    mastering: mastering.success ? toMastering(mastering.data) : null,
    light: light.success ? { maxContent: light.data.max_content, maxAverage: light.data.max_average } : null,
    dynamic: [...new Set(dynamic.map((name) => (/dovi|dolby/i.test(name) ? 'Dolby Vision' : 'HDR10+')))],
  };
}

const DYNAMIC = /dovi|dolby|2094-40|hdr10\+/i;

function toMastering(data: z.output<typeof masteringSchema>): MasteringDisplay | null {
  const display: MasteringDisplay = {
    red: [data.red_x, data.red_y],
    green: [data.green_x, data.green_y],
    blue: [data.blue_x, data.blue_y],
    white: [data.white_point_x, data.white_point_y],
    maxLuminance: data.max_luminance,
    minLuminance: data.min_luminance,
  };
  return Object.values(display).flat().every(Number.isFinite) && display.maxLuminance > 0 ? display : null;
}
