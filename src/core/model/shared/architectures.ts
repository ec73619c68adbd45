/**
 * Which of the list's kinds of networks upreel runs, by the list's own names. Not among them: those that see several
 * frames at a time (sofvsr, tscunet), make frames between others (cain, rife), and a few rare ones (ludvae, hma).
 */
const RUN: ReadonlySet<string> = new Set([
  ...['esrgan', 'esrgan+', 'compact', 'span', 'edsr', 'sr-res-net', 'swift-srgan', 'rcan', 'spsr'],
  ...['dat', 'swinir', 'omnisr', 'srformer', 'hat', 'rgt', 'drct', 'atd', 'grl', 'craft', 'ditn', 'dctlsa'],
  ...['realplksr', 'realplksr-dysample', 'mosr', 'real-cugan', 'cugan'],
]);

export function runsShared(architecture: string): boolean {
  return RUN.has(architecture);
}
