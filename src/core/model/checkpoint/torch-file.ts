import { refused, unsupported } from '../import/refusal.ts';
import { readPickle } from './pickle.ts';
import { bytesPerElement } from './stored-tensor.ts';
import { TorchObjects } from './torch-objects.ts';
import { ZipArchive } from './zip-archive.ts';

/**
 * The object in a .pth file that torch.save wrote in its zip format (since 1.6). Entries may be stored or DEFLATEd;
 * people repack them.
 * @throws UpreelError `model-refused`, `model-unsupported`
 */
export function readTorchZip(bytes: Uint8Array): unknown {
  const archive = new ZipArchive(bytes);
  const pickles = archive.names.filter((name) => name === 'data.pkl' || name.endsWith('/data.pkl'));
  const [pickle] = pickles;
  if (pickles.length !== 1 || pickle === undefined) {
    throw refused(`its zip has ${pickles.length} data.pkl, where a torch checkpoint has one.`);
  }
  const folder = pickle.slice(0, -'data.pkl'.length);
  if (archive.names.some((name) => name.startsWith(`${folder}code/`))) {
    throw unsupported(
      'The file is a TorchScript program (torch.jit.save), not a checkpoint.',
      "Save the network's state_dict() with torch.save instead.",
    );
  }
  const byteOrder = `${folder}byteorder`;
  if (archive.sizeOf(byteOrder) !== undefined && Buffer.from(archive.read(byteOrder)).toString() !== 'little') {
    throw unsupported('The checkpoint was saved on a big-endian machine, which upreel does not read.');
  }
  if ((archive.sizeOf(pickle) ?? 0) > MAX_PICKLE_BYTES)
    throw refused(`its data.pkl is over ${MAX_PICKLE_BYTES} bytes.`);
  const objects = new TorchObjects((key) => archive.read(`${folder}data/${key}`));
  return readPickle(archive.read(pickle), 0, objects).value;
}

const MAX_PICKLE_BYTES = 32 * 1024 * 1024;

/**
 * The object in a .pth file of torch before 1.6: four pickles (magic, version, machine, object), the keys of the
 * storages, then each storage as a 64-bit count and its elements.
 * @throws UpreelError `model-refused`
 */
export function readTorchLegacy(bytes: Uint8Array): unknown {
  const pieces = new Map<string, Uint8Array>();
  const objects = new TorchObjects((key) => {
    const piece = pieces.get(key);
    if (piece === undefined) throw refused('a tensor has no storage in the file.');
    return piece;
  });
  const magic = readPickle(bytes, 0, objects);
  if (magic.value !== LEGACY_MAGIC) throw refused('it begins like a pickle but is no torch checkpoint.');
  const version = readPickle(bytes, magic.end, objects);
  if (version.value !== 1001) throw refused('its torch format has an unknown version.');
  const machine = readPickle(bytes, version.end, objects);
  if (!(machine.value instanceof Map) || machine.value.get('little_endian') !== true) {
    throw refused('it does not say that its numbers are little-endian.');
  }
  const object = readPickle(bytes, machine.end, objects);
  const keys = readPickle(bytes, object.end, objects);
  if (!Array.isArray(keys.value)) throw refused('it has no list of its storages.');
  splitStorages(bytes, keys.end, keys.value, objects, pieces);
  return object.value;
}

/** torch's own; a protocol-2 pickle that begins with it cannot be mistaken for another. */
const LEGACY_MAGIC = 0x1950a86a20f9469cfc6cn;

function splitStorages(
  bytes: Uint8Array,
  start: number,
  keys: readonly unknown[],
  objects: TorchObjects,
  pieces: Map<string, Uint8Array>,
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let position = start;
  for (const key of keys) {
    const storage = typeof key === 'string' ? objects.storages.get(key) : undefined;
    if (typeof key !== 'string' || storage === undefined || pieces.has(key)) {
      throw refused('its list of storages does not fit its tensors.');
    }
    if (position + 8 > bytes.length || view.getBigUint64(position, true) !== BigInt(storage.count)) {
      throw refused(`storage ${key.slice(0, 40)} has another length than its tensors say.`);
    }
    const end = position + 8 + storage.count * bytesPerElement(storage.type);
    if (end > bytes.length) throw refused('the file is cut off.');
    pieces.set(key, bytes.subarray(position + 8, end));
    position = end;
  }
  if (pieces.size !== objects.storages.size) throw refused('a tensor has no storage in the file.');
  if (position !== bytes.length) throw refused(`${bytes.length - position} bytes follow its last storage.`);
}
