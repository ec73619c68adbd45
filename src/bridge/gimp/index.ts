export { checkPlugIn, installPlugIn, uninstallPlugIn } from './install.ts';
export { findGimpProfiles, type GimpProfile } from './profiles.ts';
