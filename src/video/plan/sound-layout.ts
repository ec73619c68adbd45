/** Where the loudspeakers of ffmpeg's layouts are, by ffmpeg's names. */
const SPEAKERS: Readonly<Record<string, string>> = {
  mono: 'FC',
  stereo: 'FL FR',
  downmix: 'DL DR',
  '2.1': 'FL FR LFE',
  '3.0': 'FL FR FC',
  '3.0(back)': 'FL FR BC',
  '4.0': 'FL FR FC BC',
  quad: 'FL FR BL BR',
  'quad(side)': 'FL FR SL SR',
  '3.1': 'FL FR FC LFE',
  '5.0': 'FL FR FC BL BR',
  '5.0(side)': 'FL FR FC SL SR',
  '4.1': 'FL FR FC LFE BC',
  '5.1': 'FL FR FC LFE BL BR',
  '5.1(side)': 'FL FR FC LFE SL SR',
  '6.0': 'FL FR FC BC SL SR',
  '6.0(front)': 'FL FR FLC FRC SL SR',
  '3.1.2': 'FL FR FC LFE TFL TFR',
  hexagonal: 'FL FR FC BL BR BC',
  '6.1': 'FL FR FC LFE BC SL SR',
  '6.1(back)': 'FL FR FC LFE BL BR BC',
  '6.1(front)': 'FL FR LFE FLC FRC SL SR',
  '7.0': 'FL FR FC BL BR SL SR',
  '7.0(front)': 'FL FR FC FLC FRC SL SR',
  '7.1': 'FL FR FC LFE BL BR SL SR',
  '7.1(wide)': 'FL FR FC LFE BL BR FLC FRC',
  '7.1(wide-side)': 'FL FR FC LFE FLC FRC SL SR',
  octagonal: 'FL FR FC BL BR BC SL SR',
};

/** What ffmpeg takes a number of channels for where nothing says more. */
const BY_COUNT = ['mono', 'stereo', '2.1', '4.0', '5.0', '5.1', '6.1', '7.1'];

/** How channels come into a layout that a codec has. */
export type Placement =
  | { readonly kind: 'same' }
  /** Each channel to the loudspeaker where it was; further ones are silent. */
  | { readonly kind: 'placed'; readonly layout: string; readonly filter: string; readonly silent: number }
  /** No layout has all of its loudspeakers. */
  | { readonly kind: 'none' };

/** The layout's name; that which ffmpeg takes for granted where the source names none; null if there is none either. */
export function layoutOf({ channels, layout }: { readonly channels: number; readonly layout: string | null }) {
  return layout ?? BY_COUNT[channels - 1] ?? null;
}

/** True where a reader that knows nothing but the number of channels gets them right. */
export function isUsualLayout(sound: { readonly channels: number; readonly layout: string | null }): boolean {
  return sound.layout === null || sound.layout === BY_COUNT[sound.channels - 1];
}

/**
 * Finds the smallest layout that has all of a sound's loudspeakers. Pairs beside and behind the listener stand for
 * each other where there is only one of them, as 5.1 and 5.1(side) do everywhere.
 * @param allowed layouts that come back as they went in, smallest first.
 */
export function placeChannels(
  sound: { readonly channels: number; readonly layout: string | null },
  allowed: readonly string[],
): Placement {
  const layout = layoutOf(sound);
  if (layout === null) return { kind: 'none' };
  if (allowed.includes(layout)) return { kind: 'same' };
  const sources = speakersOf(layout);
  if (sources.length !== sound.channels) return { kind: 'none' };
  for (const name of allowed) {
    const places = speakersOf(name);
    const targets = placesOf(sources, places);
    if (targets === null) continue;
    const routes = targets.map((target, index) => `${target}=${sources[index]}`);
    const filter = `pan=${name}|${routes.join('|')}`;
    return { kind: 'placed', layout: name, filter, silent: places.length - sources.length };
  }
  return { kind: 'none' };
}

function speakersOf(layout: string): readonly string[] {
  return SPEAKERS[layout]?.split(' ') ?? [];
}

/** For each source the loudspeaker in `places`; null if there is one without. */
function placesOf(sources: readonly string[], places: readonly string[]): string[] | null {
  const taken = sources.map((source) => {
    if (places.includes(source)) return source;
    const other = { SL: 'BL', SR: 'BR', BL: 'SL', BR: 'SR' }[source];
    return other !== undefined && places.includes(other) && !sources.includes(other) ? other : null;
  });
  return taken.every((place) => place !== null) ? taken : null;
}
