import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readNpmSettings } from '../../../src/core/model/fetch/fetch-npm-config.ts';

let root: string;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'upreel-npmrc-'));
  for (const folder of ['prefix/bin', 'prefix/etc', 'home', 'project'])
    mkdirSync(join(root, folder), { recursive: true });
});

afterAll(() => rmSync(root, { recursive: true }));

function settings(files: Record<string, string>, env: Record<string, string> = {}) {
  for (const name of ['prefix/etc/npmrc', 'home/.npmrc', 'project/.npmrc'])
    writeFileSync(join(root, name), files[name] ?? '');
  return readNpmSettings({
    env,
    workingFolder: join(root, 'project'),
    homeFolder: join(root, 'home'),
    nodePath: join(root, 'prefix/bin/node'),
  });
}

describe('readNpmSettings', () => {
  it('is empty where npm is not configured', () => {
    expect(settings({})).toEqual({});
  });

  it('lets the user win over the machine, the project over the user, the environment over all', () => {
    const files: Record<string, string> = { 'prefix/etc/npmrc': 'registry=https://machine.example/' };
    expect(settings(files).registry).toBe('https://machine.example/');
    files['home/.npmrc'] = 'registry = "https://user.example/"';
    expect(settings(files).registry).toBe('https://user.example/');
    files['project/.npmrc'] = 'registry=https://project.example/';
    expect(settings(files).registry).toBe('https://project.example/');
    expect(settings(files, { NPM_CONFIG_REGISTRY: 'https://env.example/' }).registry).toBe('https://env.example/');
  });

  it('takes credentials, proxies and certificates as pacote names them', () => {
    const pem = (body: string) => `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----`;
    writeFileSync(join(root, 'ca.pem'), `# one\n${pem('AAAA')}\n${pem('BBBB')}\n`);
    const user = [
      '; a comment',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: that is how npmrc names a variable
      '//registry.example/:_authToken=${TOKEN}',
      '@mine:registry=https://mine.example/',
      'https-proxy=http://proxy.example:3128',
      'noproxy=localhost',
      'strict-ssl=false',
      `cafile=${join(root, 'ca.pem')}`,
      'fund=false',
    ];
    expect(settings({ 'home/.npmrc': user.join('\n') }, { TOKEN: 'secret' })).toEqual({
      '//registry.example/:_authToken': 'secret',
      '@mine:registry': 'https://mine.example/',
      httpsProxy: 'http://proxy.example:3128',
      noProxy: 'localhost',
      strictSSL: false,
      ca: [pem('AAAA'), pem('BBBB')],
    });
  });

  it('takes nothing but the registry from the folder it runs in, and fills in no variable there', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: that is how npmrc names a variable
    const project = 'registry=https://x.example/${TOKEN}\nhttps-proxy=http://evil.example\nstrict-ssl=false';
    expect(settings({ 'project/.npmrc': project }, { TOKEN: 'secret' })).toEqual({
      // biome-ignore lint/suspicious/noTemplateCurlyInString: that is how npmrc names a variable
      registry: 'https://x.example/${TOKEN}',
    });
  });
});
