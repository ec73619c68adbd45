export const DEVICE_NAMES = ['cpu', 'webgpu', 'cuda', 'tensorrt', 'dml', 'coreml'] as const;
export type DeviceName = (typeof DEVICE_NAMES)[number];

/** Providers that take a `deviceId`. */
export const NUMBERED_DEVICES: readonly DeviceName[] = ['cuda', 'tensorrt', 'dml'];

/** Devices on which several sessions of a process may run at once: while one computes, another one copies. */
export const SHARED_DEVICES: readonly DeviceName[] = ['cuda', 'tensorrt'];
