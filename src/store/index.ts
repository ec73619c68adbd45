/** Stands on core alone: video keeps its segments here, and everything else in src/job stands on video. */
export { isFull, requireSpace } from './disk-space.ts';
export { type Identity, type IdentityFacts, isSameSource, sourceFacts } from './identity.ts';
export { FOLDER_HINT, type JobDirectory, openJobDirectory } from './job-directory.ts';
export { findJob, type JobFile, type JobPlan, readJobFile, type SegmentRange } from './job-file.ts';
export { jobFolderFor } from './job-folder.ts';
export { JOURNAL_FILE, openJournal } from './journal.ts';
export type { KeptPlan } from './kept-plan.ts';
export { isLockHeld, type ProcessLock, takeLock } from './lock.ts';
export { openSharedStore } from './open-store.ts';
export { type MadeSegment, readSegments, type SegmentRecord } from './segment-record.ts';
export { FILM_ID, type SharedFilm } from './shared-film.ts';
export { attemptToken, type SegmentKeeper, type SharedSegments, type SharedStore } from './shared-store.ts';
