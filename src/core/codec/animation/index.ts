export { type AnimationWriter, startAnimation, writesAsAnimation } from './start.ts';
export { animationWarnings } from './warnings.ts';
