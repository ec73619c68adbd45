export { type ControlClient, connectControl } from './control-client.ts';
export type { ControlRequest, JobChange } from './control-protocol.ts';
export { type ControlServer, openControlServer } from './control-server.ts';
