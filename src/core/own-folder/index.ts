export { readOwnFile } from './own-file.ts';
export { type HeldFolder, holdFolder, OwnFolder } from './own-folder.ts';
export { openUserFolder } from './user-folder.ts';
