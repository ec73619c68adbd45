export { checkPlugIn, type Finding } from './check.ts';
export { installPlugIn, uninstallPlugIn } from './install.ts';
export { findGimpProfiles, type GimpProfile } from './profiles.ts';
