export { runsShared } from './architectures.ts';
export { directFile, findShared, sizeOfShared } from './find.ts';
export { readSharedList, type SharedList, type SharedModel } from './list.ts';
export { pullShared } from './pull.ts';
