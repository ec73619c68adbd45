import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** What npm is configured to, as pacote takes it: registry, credentials by host, proxies, certificates. */
export type NpmSettings = Readonly<Record<string, string | string[] | boolean>>;

export interface NpmConfigPlaces {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly workingFolder: string;
  readonly homeFolder: string;
  readonly nodePath: string;
}

/** Later ones win, as in npm: global, user, project (its registry only), environment. */
export function readNpmSettings(places: NpmConfigPlaces = currentPlaces()): NpmSettings {
  const env = environmentLines(places.env);
  const prefix = env.get('prefix') ?? dirname(dirname(places.nodePath));
  const global = readNpmrc(env.get('globalconfig') ?? join(prefix, 'etc', 'npmrc'), places.env);
  const user = readNpmrc(env.get('userconfig') ?? join(places.homeFolder, '.npmrc'), places.env);
  // A folder of films may hold a stranger's .npmrc: no variables are filled in, and nothing but the registry counts.
  const registry = readNpmrc(join(places.workingFolder, '.npmrc'), {}).get('registry');
  const project = new Map<string, string>(registry === undefined ? [] : [['registry', registry]]);
  return toPacote(new Map([...global, ...user, ...project, ...env]));
}

function currentPlaces(): NpmConfigPlaces {
  return { env: process.env, workingFolder: process.cwd(), homeFolder: homedir(), nodePath: process.execPath };
}

/** `npm_config_strict_ssl=false` as `strict-ssl` -> `false`; keys that begin with // keep their underscores. */
function environmentLines(env: NpmConfigPlaces['env']): Map<string, string> {
  const lines = new Map<string, string>();
  for (const [name, value] of Object.entries(env)) {
    const key = /^npm_config_(.+)$/i.exec(name)?.[1];
    if (key === undefined || value === undefined || value === '') continue;
    lines.set(key.startsWith('//') ? key : key.toLowerCase().replaceAll('_', '-'), value);
  }
  return lines;
}

/** The `key = value` lines of an npmrc, `${NAME}` filled in. */
function readNpmrc(path: string, env: NpmConfigPlaces['env']): Map<string, string> {
  const lines = new Map<string, string>();
  for (const line of readIfThere(path).split(/\r?\n/)) {
    const match = /^\s*([^;#\s=][^=]*?)\s*=\s*(.*?)\s*$/.exec(line);
    if (match === null) continue;
    const value = match[2]!.replace(/^(["'])(.*)\1$/, '$2');
    lines.set(
      match[1]!,
      value.replace(/\$\{([^}?]+)\??\}/g, (whole, name: string) => env[name] ?? whole),
    );
  }
  return lines;
}

function toPacote(lines: ReadonlyMap<string, string>): NpmSettings {
  const settings: Record<string, string | string[] | boolean> = {};
  for (const [key, value] of lines) {
    if (key.startsWith('//') || key.startsWith('@')) settings[key] = value;
    const name = PLAIN[key];
    if (name !== undefined && value !== 'null') settings[name] = value;
  }
  if (lines.get('strict-ssl') === 'false') settings.strictSSL = false;
  const cafile = lines.get('cafile');
  if (cafile !== undefined) settings.ca = splitCertificates(readIfThere(cafile));
  return settings;
}

const PLAIN: Readonly<Record<string, string>> = {
  registry: 'registry',
  proxy: 'proxy',
  'https-proxy': 'httpsProxy',
  noproxy: 'noProxy',
  ca: 'ca',
  cert: 'cert',
  key: 'key',
};

function splitCertificates(text: string): string[] {
  return text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
