import { refused, unsupported } from '../import/refusal.ts';
import { looksLikeSafetensors, readSafetensors } from './safetensors.ts';
import type { StateDict } from './state-dict.ts';
import { readTorchLegacy, readTorchZip } from './torch-file.ts';
import { unwrapCheckpoint, unwrapTensors } from './unwrap.ts';
import { ZipArchive } from './zip-archive.ts';

/** Whether the content is of a format that `readCheckpoint` reads. */
export function looksLikeCheckpoint(bytes: Uint8Array): boolean {
  return ZipArchive.looksLikeOne(bytes) || looksLikeSafetensors(bytes) || looksLikePickle(bytes);
}

/**
 * Named weights of a checkpoint in any of the formats that hold them, told by content and not by name.
 * @throws UpreelError `model-refused`, `model-unsupported`
 */
export function readCheckpoint(bytes: Uint8Array): StateDict {
  if (ZipArchive.looksLikeOne(bytes)) return unwrapCheckpoint(readTorchZip(bytes));
  if (looksLikeSafetensors(bytes)) return unwrapTensors(readSafetensors(bytes));
  if (looksLikePickle(bytes)) return unwrapCheckpoint(readTorchLegacy(bytes));
  if (isTar(bytes)) {
    throw unsupported(
      'The file is in the tar format of torch before 0.1.10, which upreel does not read.',
      'Load it in a current torch and save it again.',
    );
  }
  throw refused('it is neither a torch checkpoint (.pth), nor .safetensors, nor an ncnn .bin beside its .param.');
}

function isTar(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(257, 262)).toString('latin1') === 'ustar';
}

function looksLikePickle(bytes: Uint8Array): boolean {
  return bytes[0] === 0x80 && bytes[1] === 2;
}
