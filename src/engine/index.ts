export { chooseDevice, type DeviceChoice } from './choose-device.ts';
export { type KnownVerdict, listVerdicts } from './device-verdict.ts';
export type { EngineNetwork, EngineResult, EngineTask, PixelTask, RowsNotice } from './engine-protocol.ts';
export { type DeviceReport, inspectDevices } from './inspect-devices.ts';
export { openTaskQueue, type TaskQueue } from './run-tasks.ts';
export { type Engine, EngineDied, startEngine } from './supervisor.ts';
export { type NetworkTrial, type RgbPixels, tryNetwork } from './try-network.ts';
export { findTask, otherVersion, parseTask, videoTarget } from './video-task.ts';
