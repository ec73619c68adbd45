export { type AnimationWriter, startAnimation, writesAsAnimation } from '../write/start-animation.ts';
export { animationWarnings } from './warnings.ts';
