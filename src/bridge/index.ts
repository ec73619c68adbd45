export {
  type BridgeClient,
  type BridgeRequest,
  type BridgeResult,
  type BridgeUpscaleOptions,
  bridgeClient,
} from './client.ts';
export { serve } from './serve.ts';
export { type BridgeState, defaultStateFile, readStateFile } from './state-file.ts';
