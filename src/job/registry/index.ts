export { moveInQueue, QueuePlace, type Turn } from './device-queue.ts';
export {
  type JobEntry,
  JobList,
  pruneEntries,
  readEntry,
  readKeptHistory,
  removeEntry,
  writeEntry,
  writeKeptHistory,
} from './job-entry.ts';
export { type JobPlace, jobPlaceFor, supervisorLock } from './job-id.ts';
export { isOwnSocket, socketAddress } from './runtime-folder.ts';
