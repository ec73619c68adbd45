import { z } from 'zod';
import { UpreelError } from '../../core/errors.ts';
import { probeLines } from '../../core/ffmpeg/ffmpeg.ts';
import { safeInput } from './safe-input.ts';
import type { VideoInfo } from './video-info.ts';

/** Static HDR metadata, and the names of dynamic kinds that no encoder here can take over. */
export interface HdrMetadata {
  readonly mastering: MasteringDisplay | null;
  readonly light: { readonly maxContent: number; readonly maxAverage: number } | null;
  readonly dynamic: readonly string[];
  /** What the container says of its Dolby Vision; null: nothing. */
  readonly dolbyVision: DolbyVision | null;
}

/** Of the configuration record (Dolby Vision Streams Within the ISO Base Media File Format, 2.0, section 3.2). */
export interface DolbyVision {
  readonly profile: number;
  /** What the base picture is without the metadata: 0 nothing, 1 and 6 HDR10, 2 SDR, 4 HLG. */
  readonly compatibility: number;
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
  red_x: ratio,
  red_y: ratio,
  green_x: ratio,
  green_y: ratio,
  blue_x: ratio,
  blue_y: ratio,
  white_point_x: ratio,
  white_point_y: ratio,
  min_luminance: ratio,
  max_luminance: ratio,
});
const dolbySchema = z.object({ dv_profile: z.int(), dv_bl_signal_compatibility_id: z.int() });
const lightSchema = z.object({ max_content: z.number(), max_average: z.number() });

/** @param report ffprobe's, of streams and frames. */
export function parseHdr(report: unknown): HdrMetadata {
  const { frames, streams } = reportSchema.parse(report);
  const all = [...frames, ...streams].flatMap((entry) => entry.side_data_list);
  const ofType = (pattern: RegExp) => all.find((data) => pattern.test(data.side_data_type));
  const mastering = masteringSchema.safeParse(ofType(/^Mastering display metadata/i));
  const light = lightSchema.safeParse(ofType(/^Content light level/i));
  const dolby = dolbySchema.safeParse(ofType(/^DOVI configuration/i));
  const dynamic = all.map((data) => data.side_data_type).filter((name) => DYNAMIC.test(name));
  return {
    mastering: mastering.success ? toMastering(mastering.data) : null,
    light: light.success ? { maxContent: light.data.max_content, maxAverage: light.data.max_average } : null,
    dynamic: [...new Set(dynamic.map((name) => (/dovi|dolby/i.test(name) ? 'Dolby Vision' : 'HDR10+')))],
    dolbyVision: dolby.success
      ? { profile: dolby.data.dv_profile, compatibility: dolby.data.dv_bl_signal_compatibility_id }
      : null,
  };
}

/** What is left out, and what stays without it; to be said before the work. */
export function describeDynamic({ dynamic, dolbyVision }: HdrMetadata): string[] {
  const base = BASES[dolbyVision?.compatibility ?? -1];
  return dynamic.map((name) => {
    if (name !== 'Dolby Vision') return `${name} (it describes the old picture; no encoder here writes it)`;
    const kind = dolbyVision === null ? name : `${name}, profile ${dolbyVision.profile}`;
    return `${kind} (${base === undefined ? '' : `its base picture stays, in ${base}; `}no encoder here writes it)`;
  });
}

const BASES: Readonly<Record<number, string>> = { 1: 'HDR10', 2: 'SDR', 4: 'HLG', 6: 'HDR10' };

/**
 * The base picture of profile 5 has its colours in a space that only its metadata leads out of: taken as any other, it
 * comes out green and purple.
 * @throws UpreelError `input-unsupported`.
 */
export function refuseWithoutBase({ dolbyVision }: HdrMetadata, path: string): void {
  if (dolbyVision?.profile !== 5 || dolbyVision.compatibility !== 0) return;
  throw new UpreelError(
    'input-unsupported',
    `${path} is Dolby Vision of profile 5: without its metadata, which ffmpeg’s decoder leaves aside, its colours are wrong.`,
    {
      hint:
        'Make HDR10 of it first, on a machine with Vulkan: ffmpeg -init_hw_device vulkan -i FILE -map 0 -c copy -vf ' +
        'libplacebo=colorspace=bt2020nc:color_primaries=bt2020:color_trc=smpte2084,format=yuv420p10le ' +
        '-c:v libx265 -crf 12 HDR10.mkv',
    },
  );
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
