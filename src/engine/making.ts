import { isDeepStrictEqual } from 'node:util';
import type { Target } from '../core/files/output-name.ts';
import { ownVersion } from '../core/files/own-files.ts';
import type { ModelDescriptor } from '../core/model/index.ts';
import type { Making } from '../core/provenance.ts';
import { pictureSettingsSchema } from '../core/still/picture-settings.ts';
import { AUTOMATIC_NETWORK } from '../core/upscaler/network-settings.ts';
import { videoSettingsSchema } from '../video/index.ts';
import { deviceText } from './device-class.ts';
import type { EngineNetwork, EngineTask } from './engine-protocol.ts';

type Task<Kind extends EngineTask['kind']> = Extract<EngineTask, { kind: Kind }>;

export function pictureMaking(
  { network, request }: Task<'image'>,
  descriptor: ModelDescriptor,
  device: string,
): Making {
  const { input: _, output: __, target, ...settings } = request;
  return making({ network, target, descriptor, device }, settings, PICTURE_DEFAULTS);
}

export function filmMaking(
  { network, request }: Task<'video'>,
  descriptor: Pick<ModelDescriptor, 'id' | 'contentHash'>,
  device: string,
): Making {
  return making({ network, target: request.target, descriptor, device }, request.settings, FILM_DEFAULTS);
}

const PICTURE_DEFAULTS = pictureSettingsSchema.parse({});
const FILM_DEFAULTS = videoSettingsSchema.parse({});

/** They name files, or nothing of the result depends on them. */
const UNTOLD: ReadonlySet<string> = new Set([
  ...['model', 'device', 'precision', 'gpus', 'sessions', 'threads', 'memoryBytes'],
  ...[
    'overwrite',
    'strip',
    'preset',
    'keepTimes',
    'maxInputMegapixels',
    'report',
    'workDir',
    'restart',
    'spaceCheck',
    'verify',
  ],
  ...['stallSeconds', 'frames', 'sound', 'target'],
]);

function making(
  what: {
    readonly network: EngineNetwork;
    readonly target: Target;
    readonly descriptor: Pick<ModelDescriptor, 'id' | 'contentHash'>;
    readonly device: string;
  },
  settings: { readonly preset: string | null },
  defaults: object,
): Making {
  const { network, target, descriptor, device } = what;
  const { id, contentHash } = descriptor;
  return {
    program: `upreel ${ownVersion()}`,
    model: id,
    network: contentHash,
    device: deviceText({ device, precision: network.precision }),
    preset: settings.preset,
    options: {
      ...(target.kind === 'native' ? {} : { target }),
      ...changed(network, AUTOMATIC_NETWORK),
      ...changed(settings, defaults),
    },
  };
}

function changed(settings: object, defaults: object): Record<string, unknown> {
  const usual = new Map(Object.entries(defaults));
  return Object.fromEntries(
    Object.entries(settings).filter(
      ([name, value]) => !UNTOLD.has(name) && value !== undefined && !isDeepStrictEqual(value, usual.get(name)),
    ),
  );
}
