export { checkPlugInFolder, type Finding } from './check.ts';
export { commonFiles, type PlugInConfig, readPlugInSource } from './plug-in-config.ts';
export {
  fillPlugInFolder,
  type PlugInFile,
  type PlugInFolder,
  removePlugInFolder,
  writePlugInFile,
} from './plug-in-folder.ts';
export type { Surroundings } from './surroundings.ts';
