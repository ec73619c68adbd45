/** Where a program is started, and how it finds its files there. */
export interface ChildPlace {
  /** null: where we are. */
  readonly cwd: string | null;
  readonly args: readonly string[];
}

/**
 * Names in a folder that is held by its descriptor (own-folder.ts) lead through /proc/PID/fd, which not every program
 * may read in ours (snaps). So a child is started in the folder that it writes to, and its names there become relative:
 * the folder is entered before the program is, and is the right one whatever it is called by then. Names in other held
 * folders stay as they are.
 */
export function placeChild(args: readonly string[]): ChildPlace {
  // The output is the last that is named.
  const folder = args.map((arg) => HELD.exec(arg)?.[2]).findLast((found) => found !== undefined);
  if (folder === undefined) return { cwd: null, args };
  return {
    cwd: folder,
    args: args.map((arg) =>
      arg.replace(HELD, (_, scheme = '', held, name) =>
        held === folder ? `${scheme}${name}` : `${scheme}${held}/${name}`,
      ),
    ),
  };
}

/** `file:/proc/123/fd/20/segment-00001.mkv`: scheme, folder, name. */
const HELD = /^(file:)?(\/proc\/\d+\/fd\/\d+)\/(.+)$/;
