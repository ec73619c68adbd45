import { UpreelError } from '../errors.ts';

export function runtimeMissing(): UpreelError {
  const machine = `${process.platform} ${process.arch}`;
  return new UpreelError('runtime-missing', `onnxruntime, which computes, is not installed for ${machine}.`, {
    hint: 'Fetch it once with upreel runtime install; an upscale does so, too, where it may use the network.',
  });
}
