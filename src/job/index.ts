export { chooseDevice, type DeviceChoice } from './choose-device.ts';
export type { EngineNetwork, EngineResult, EngineTask } from './engine-protocol.ts';
export { openTaskQueue, type TaskQueue } from './run-tasks.ts';
export { type FoundTask, findTask } from './video-task.ts';
