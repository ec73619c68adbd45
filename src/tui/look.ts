import { type Charset, type SafeText, text } from './safe-text.ts';

/** How the terminal may be drawn on: decided once, passed down. */
export interface Look {
  readonly charset: Charset;
  readonly colour: boolean;
  readonly symbols: Symbols;
}

/**
 * Every state has a symbol of its own, so that colour is never the only sign. One column each, none of them an emoji.
 */
interface Symbols {
  readonly done: SafeText;
  readonly failed: SafeText;
  readonly running: SafeText;
  readonly stopped: SafeText;
  readonly waiting: SafeText;
  readonly warning: SafeText;
  readonly arrow: SafeText;
  /** From empty to full; a bar is drawn with the last ones, its edge with those between. */
  readonly barSteps: readonly SafeText[];
  readonly paused: SafeText;
  readonly resting: SafeText;
  readonly draining: SafeText;
  readonly cancelled: SafeText;
  /** Beside what is selected. */
  readonly pointer: SafeText;
  readonly rule: SafeText;
  readonly divider: SafeText;
  /** From the lowest to the highest. */
  readonly chartSteps: readonly SafeText[];
  readonly segments: SegmentSymbols;
}

/** One cell of the map of segments; no two alike without colour. */
interface SegmentSymbols {
  readonly planned: SafeText;
  readonly running: SafeText;
  readonly done: SafeText;
  /** Done, most of it taken over from frames before. */
  readonly reused: SafeText;
  /** Done, but not at the first attempt. */
  readonly retried: SafeText;
  readonly failed: SafeText;
}

/** From the environment alone: NO_COLOR (no-color.org), TERM, and the locale that decides the characters. */
export function chooseLook(env: Readonly<Record<string, string | undefined>>, platform: NodeJS.Platform): Look {
  const colour = !env.NO_COLOR && env.TERM !== 'dumb';
  return speaksUtf8(env, platform)
    ? { charset: 'utf8', colour, symbols: UNICODE_SYMBOLS }
    : { charset: 'ascii', colour, symbols: ASCII_SYMBOLS };
}

function speaksUtf8(env: Readonly<Record<string, string | undefined>>, platform: NodeJS.Platform): boolean {
  // Empty counts as unset (POSIX); Windows and macOS terminals are UTF-8 whatever the variables say.
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG;
  if (!locale) return platform === 'win32' || platform === 'darwin';
  return /utf-?8/i.test(locale);
}

const UNICODE_SYMBOLS: Symbols = {
  done: text`✓`,
  failed: text`✗`,
  running: text`▸`,
  stopped: text`■`,
  waiting: text`·`,
  warning: text`!`,
  arrow: text`→`,
  barSteps: [text`░`, text`▎`, text`▌`, text`▊`, text`█`],
  paused: text`‖`,
  resting: text`~`,
  draining: text`▾`,
  cancelled: text`-`,
  pointer: text`▌`,
  rule: text`─`,
  divider: text`│`,
  chartSteps: [text`▁`, text`▂`, text`▃`, text`▄`, text`▅`, text`▆`, text`▇`, text`█`],
  segments: {
    planned: text`·`,
    running: text`▸`,
    done: text`█`,
    reused: text`▒`,
    retried: text`▚`,
    failed: text`✗`,
  },
};

const ASCII_SYMBOLS: Symbols = {
  done: text`+`,
  failed: text`x`,
  running: text`>`,
  stopped: text`=`,
  waiting: text`.`,
  warning: text`!`,
  arrow: text`->`,
  barSteps: [text`-`, text`#`],
  paused: text`|`,
  resting: text`~`,
  draining: text`v`,
  cancelled: text`-`,
  pointer: text`>`,
  rule: text`-`,
  divider: text`|`,
  chartSteps: [text`_`, text`.`, text`-`, text`=`, text`+`, text`*`, text`#`],
  segments: {
    planned: text`.`,
    running: text`>`,
    done: text`#`,
    reused: text`=`,
    retried: text`%`,
    failed: text`x`,
  },
};
