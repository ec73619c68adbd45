import { unsupported } from '../import/refusal.ts';

/** The scale in a file's name: "srcnn_x3.pth", "3x-fsrcnn.pth"; undefined if it has none. */
export function scaleInName(fileName: string): number | undefined {
  const digit = /(?:^|[^a-z0-9])x?([2348])x?(?![a-z0-9])/i.exec(fileName)?.[1];
  return digit === undefined ? undefined : Number(digit);
}

/** For networks whose weights are the same for every scale. @throws UpreelError `model-unsupported` */
export function requireScaleInName(network: string, fileName: string): number {
  const scale = scaleInName(fileName);
  if (scale !== undefined) return scale;
  throw unsupported(
    `The file of ${network} does not say how much it enlarges.`,
    `Put the scale into the file's name, for example ${network.toLowerCase()}_x3.pth.`,
  );
}
