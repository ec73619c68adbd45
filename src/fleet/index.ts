export { type Beat, readBeats } from './beats.ts';
export { checkAddress, connectFleet, type FleetAddress, type FleetConnection } from './connection.ts';
export { Fleet } from './fleet.ts';
export { type FleetFeed, openFleetFeed } from './fleet-feed.ts';
export { runWorker, type WorkerNews, type WorkerSettings } from './worker.ts';
