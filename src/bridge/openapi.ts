import { z } from 'zod';
import { ROUTES } from './access.ts';
import {
  errorBodySchema,
  healthSchema,
  jobsSchema,
  LIMITS,
  modelsSchema,
  PROTOCOL_VERSION,
  STREAM_TYPE,
  streamEventSchema,
  upscaleRequestSchema,
} from './protocol.ts';

/** The OpenAPI 3.1 description of the service, made from the schemas and routes that it runs on. */
export function openApiDocument(): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const { path, method, route } of ROUTES) {
    paths[path] = { [method.toLowerCase()]: { ...OPERATIONS[route], responses: responsesOf(route) } };
  }
  paths['/v1/jobs/{id}'] = { delete: CANCEL };
  return {
    openapi: '3.1.0',
    info: { title: 'upreel bridge', version: `${PROTOCOL_VERSION}`, description: 'See PROTOCOL.md.' },
    servers: [{ url: 'http://127.0.0.1:{port}', variables: { port: { default: '0', description: 'state file' } } }],
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer', description: '`token` of the state file' } },
      schemas: {
        UpscaleRequest: z.toJSONSchema(upscaleRequestSchema, { io: 'input' }),
        StreamEvent: z.toJSONSchema(streamEventSchema),
        Health: z.toJSONSchema(healthSchema),
        Models: z.toJSONSchema(modelsSchema),
        Jobs: z.toJSONSchema(jobsSchema),
        Error: z.toJSONSchema(errorBodySchema),
      },
    },
    'x-limits': LIMITS,
  };
}

type PlainRoute = (typeof ROUTES)[number]['route'];

const OPERATIONS: Readonly<Record<PlainRoute, object>> = {
  health: { operationId: 'health', summary: 'That the service is there, and which.' },
  models: { operationId: 'models', summary: 'The models that can be asked for.' },
  jobs: { operationId: 'jobs', summary: 'The running job and those that wait.' },
  upscale: {
    operationId: 'upscale',
    summary: 'Upscales pixels.',
    parameters: [
      {
        name: 'Upreel-Request',
        in: 'header',
        required: true,
        content: { 'application/json': { schema: reference('UpscaleRequest') } },
      },
    ],
    requestBody: { required: true, content: { 'application/octet-stream': {} } },
  },
};

const RESULTS: Readonly<Record<PlainRoute, object>> = {
  health: json('Health'),
  models: json('Models'),
  jobs: json('Jobs'),
  upscale: {
    [STREAM_TYPE]: {
      schema: reference('StreamEvent'),
      'x-framing': 'One JSON object a line; after `rows`, `bytes` bytes of pixels.',
    },
  },
};

function responsesOf(route: PlainRoute): object {
  const more = route === 'upscale' ? [400, 413, 415, 429] : [];
  return {
    200: { description: 'OK', content: RESULTS[route] },
    ...Object.fromEntries([401, 403, 405, ...more].map((status) => [status, refused(status)])),
  };
}

const REASONS: Readonly<Record<number, string>> = {
  400: 'The request is not as expected.',
  401: 'The token is missing or wrong.',
  403: 'The Host is not this service’s, or a browser asks.',
  404: 'There is no such job.',
  405: 'The path has another method.',
  413: 'Too large.',
  415: 'Not application/octet-stream.',
  429: 'Too many jobs are waiting.',
};

const CANCEL = {
  operationId: 'cancel',
  summary: 'Cancels a job.',
  parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string', pattern: '^[0-9a-f]{16}$' } }],
  responses: { 200: { description: 'Cancelled.' }, 401: refused(401), 403: refused(403), 404: refused(404) },
};

function refused(status: number): object {
  return { description: REASONS[status], content: json('Error') };
}

function json(name: string): object {
  return { 'application/json': { schema: reference(name) } };
}

function reference(name: string): object {
  return { $ref: `#/components/schemas/${name}` };
}
