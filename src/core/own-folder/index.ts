export { readOwnFile } from './own-file.ts';
export { type HeldFolder, holdFolder, OwnFolder } from './own-folder.ts';
export { isSharedFolder, openUserFolder } from './user-folder.ts';
