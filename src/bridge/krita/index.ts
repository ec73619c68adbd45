export { findKritaFolders } from './folders.ts';
export { checkKritaPlugIn, installKritaPlugIn, uninstallKritaPlugIn } from './install.ts';
