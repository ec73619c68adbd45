import { createHash, timingSafeEqual } from 'node:crypto';
import type { ErrorBody } from './protocol.ts';

/** A request as it stood on the wire, before anything of it is believed. */
export interface RequestFacts {
  readonly method: string;
  readonly url: string;
  /** Name, value, name, value, ... as they came. */
  readonly rawHeaders: readonly string[];
}

export type Route = 'health' | 'models' | 'jobs' | 'upscale' | { readonly cancel: string };

export interface Refusal {
  readonly status: number;
  readonly body: ErrorBody;
  readonly allow?: string;
}

/**
 * Decides who may ask for what, in this order: the Host names this service (a page whose name was rebound to 127.0.0.1
 * does not), no browser is asking, the token is right, the path exists, the method is its own.
 */
export function checkAccess(
  { method, url, rawHeaders }: RequestFacts,
  { port, token }: { readonly port: number; readonly token: string },
): Route | Refusal {
  const hosts = headerValues(rawHeaders, 'host');
  if (hosts.length !== 1 || !isOwnHost(hosts[0]!, port)) {
    return refusal(403, 'host-refused', 'The Host header does not name this service.', 'Connect to 127.0.0.1.');
  }
  if (hasBrowserHeader(rawHeaders)) {
    return refusal(
      403,
      'browser-refused',
      'Web pages may not use this service.',
      'It is for programs on this machine.',
    );
  }
  if (!isAuthorised(headerValues(rawHeaders, 'authorization'), token)) {
    return refusal(401, 'token-refused', 'The token is missing or wrong.', 'Read it from the service’s state file.');
  }
  const found: RouteEntry | undefined = ROUTES.find(({ path }) => path === url) ?? cancelRoute(url);
  if (!found) return refusal(404, 'not-found', 'There is nothing here.', 'See PROTOCOL.md.');
  if (found.method !== method) {
    const body = { code: 'method-refused', message: `Expected ${found.method}, got another method.`, hint: '' };
    return { status: 405, body, allow: found.method };
  }
  return found.route;
}

export function isRefusal(decision: Route | Refusal): decision is Refusal {
  return typeof decision === 'object' && 'status' in decision;
}

export function headerValues(rawHeaders: readonly string[], name: string): string[] {
  return rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]!.toLowerCase() === name);
}

interface RouteEntry {
  readonly path: string;
  readonly method: string;
  readonly route: Route;
}

export const ROUTES = [
  { path: '/v1/health', method: 'GET', route: 'health' },
  { path: '/v1/models', method: 'GET', route: 'models' },
  { path: '/v1/jobs', method: 'GET', route: 'jobs' },
  { path: '/v1/upscale', method: 'POST', route: 'upscale' },
] as const satisfies readonly RouteEntry[];

function cancelRoute(url: string): RouteEntry | undefined {
  const match = /^\/v1\/jobs\/([0-9a-f]{16})$/.exec(url);
  return match ? { path: url, method: 'DELETE', route: { cancel: match[1]! } } : undefined;
}

function isOwnHost(host: string, port: number): boolean {
  return host === `127.0.0.1:${port}` || host === `localhost:${port}`;
}

/** Only browsers send these, and they always send one of them with what a page asks for. */
function hasBrowserHeader(rawHeaders: readonly string[]): boolean {
  return rawHeaders.some(
    (name, index) => index % 2 === 0 && /^(origin|referer|cookie|sec-fetch-.*|access-control-request-.*)$/i.test(name),
  );
}

function isAuthorised(values: readonly string[], token: string): boolean {
  const given = values.length === 1 ? (/^Bearer ([A-Za-z0-9_-]{1,128})$/.exec(values[0]!)?.[1] ?? '') : '';
  // Digests have one length, so that the comparison takes the same time whatever was sent.
  return timingSafeEqual(digest(given), digest(token));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function refusal(status: number, code: string, message: string, hint: string): Refusal {
  return { status, body: { code, message, hint } };
}
