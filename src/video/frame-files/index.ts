export { findBroken } from './find-broken.ts';
export { isFramesInput } from './find-frames.ts';
export { feedFrames, frameInput } from './frame-feed.ts';
export type { FrameFiles } from './frame-files.ts';
export { framesFacts } from './frames-identity.ts';
export { readFrames } from './read-frames.ts';
