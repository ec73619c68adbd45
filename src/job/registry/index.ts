export { moveInQueue, QueuePlace, type Turn } from './device-queue.ts';
export {
  type JobEntry,
  JobList,
  listKeptHistories,
  pruneEntries,
  readEntry,
  readKeptHistory,
  removeEntry,
  removeKeptHistory,
  writeEntry,
  writeKeptHistory,
} from './job-entry.ts';
export { type JobPlace, jobPlaceFor, supervisorLock } from './job-id.ts';
export { isOwnSocket, socketAddress } from './runtime-folder.ts';
export { stateRoot } from './state-folder.ts';
