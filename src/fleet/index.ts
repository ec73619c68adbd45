export { checkAddress, connectFleet, type FleetAddress, type FleetConnection } from './connection.ts';
export { Fleet } from './fleet.ts';
export { openFleetFeed } from './fleet-feed.ts';
export { runWorker, type WorkerNews, type WorkerSettings } from './worker.ts';
