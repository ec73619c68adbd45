export { checkAddress, connectFleet, type FleetAddress, type FleetConnection } from './connection.ts';
export { Fleet } from './fleet.ts';
export { openFleetFeed } from './fleet-feed.ts';
export { type FleetFinding, inspectFleet } from './inspect.ts';
export { runWorker } from './worker.ts';
export type { WorkerNews } from './worker-settings.ts';
