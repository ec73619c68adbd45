export { chooseDevice, type DeviceChoice } from './choose-device.ts';
export { deviceText } from './device-class.ts';
export { type KnownProof, listVerdicts } from './device-verdict.ts';
export { type EngineClient, startEngine } from './engine-client.ts';
export { EngineDied } from './engine-end.ts';
export type {
  EngineNetwork,
  EngineResult,
  EngineTask,
  MeasuredLayouts,
  PixelTask,
  RowsNotice,
} from './engine-protocol.ts';
export { filmNetwork, type MachineNetwork } from './film-network.ts';
export { type DeviceReport, devicesOfMachine, inspectDevices } from './inspect-devices.ts';
export { listLayouts, type StoredLayouts } from './layout-store.ts';
export { openRestartingEngine, type RestartingEngine } from './restarting-engine.ts';
export { type NetworkTrial, type RgbPixels, tryNetwork } from './try-network.ts';
export { type Tuning, tuneNetwork } from './tune-network.ts';
export { findTask, otherVersion, parseTask, videoTarget } from './video-task.ts';
