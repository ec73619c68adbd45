import type { IncomingMessage } from 'node:http';
import { readCatalogue } from '../core/model/index.ts';
import { pixelBytes } from '../core/still/upscale-pixels.ts';
import { headerValues, type Refusal } from './access.ts';
import { type Limits, REQUEST_HEADER, type UpscaleRequest, upscaleRequestSchema } from './protocol.ts';

export interface PlannedUpscale {
  readonly request: UpscaleRequest & { readonly model: string };
  /** The body must have exactly so many. */
  readonly bodyBytes: number;
}

/** Reads what is asked for and refuses, before the first byte of the body, what cannot be done. */
export function planUpscale(
  { rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>,
  limits: Pick<Limits, 'sourceMegapixels'>,
): PlannedUpscale | Refusal {
  const [type = ''] = headerValues(rawHeaders, 'content-type');
  if (type !== 'application/octet-stream') {
    return refuse(415, 'type-refused', 'Expected pixels as application/octet-stream.');
  }
  if (headerValues(rawHeaders, 'content-encoding').length > 0) {
    return refuse(415, 'type-refused', 'Expected pixels without a content encoding.');
  }
  const parsed = upscaleRequestSchema.safeParse(parseJson(headerValues(rawHeaders, REQUEST_HEADER)));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue!.path.length === 0 ? 'JSON' : `\`${issue!.path.join('.')}\``;
    return refuse(400, 'usage', `The Upreel-Request header is not as expected, in ${where}: ${issue!.message}.`);
  }
  const catalogue = readCatalogue();
  const request = { ...parsed.data, model: parsed.data.model ?? catalogue.default };
  const adjustable = catalogue.models.filter(({ twin }) => twin !== undefined).map(({ id }) => id);
  if (request.denoise !== undefined && !adjustable.includes(request.model)) {
    const hint = `Leave it out, or use ${adjustable.join(' or ')}.`;
    return refuse(400, 'usage', `The denoise strength of ${request.model} cannot be set.`, hint);
  }
  const bodyBytes = pixelBytes(request, request);
  if (request.width * request.height > limits.sourceMegapixels * 1e6) {
    return refuse(413, 'input-too-large', `Expected at most ${limits.sourceMegapixels} megapixels.`);
  }
  const [length] = headerValues(rawHeaders, 'content-length');
  if (length !== undefined && Number(length) !== bodyBytes) {
    return refuse(Number(length) > bodyBytes ? 413 : 400, 'input-damaged', `Expected a body of ${bodyBytes} bytes.`);
  }
  return { request, bodyBytes };
}

function parseJson(values: readonly string[]): unknown {
  if (values.length !== 1) return undefined;
  try {
    return JSON.parse(values[0]!);
  } catch {
    return undefined;
  }
}

function refuse(status: number, code: string, message: string, hint = 'See PROTOCOL.md.'): Refusal {
  return { status, body: { code, message, hint } };
}
