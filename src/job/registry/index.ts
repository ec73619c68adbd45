export { moveInQueue, QueuePlace, type Turn } from './device-queue.ts';
export {
  historyFileOf,
  type JobEntry,
  JobList,
  pruneEntries,
  readEntry,
  removeEntry,
  writeEntry,
} from './job-entry.ts';
export { type JobPlace, jobPlaceFor, supervisorLock } from './job-id.ts';
export { isOwnSocket, socketAddress } from './runtime-folder.ts';
