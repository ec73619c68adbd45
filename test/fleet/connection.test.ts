import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../support/clips.ts';
import { upreel } from '../support/command.ts';
import { freePort, hasRedis } from '../support/fleet.ts';
import { until } from '../support/processes.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
let server: ReturnType<typeof spawn>;
let plain = 0;
let tls = 0;

/** With a user, and a certificate of its own making. */
beforeAll(async () => {
  if (!hasRedis) return;
  mkdirSync(folder, { recursive: true });
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  const key = ['-newkey', 'rsa:2048', '-nodes', '-keyout', at('key.pem'), '-out', at('cert.pem'), '-days', '2'];
  execFileSync('openssl', ['req', '-x509', ...key, ...subject], { stdio: 'ignore' });
  [plain, tls] = [await freePort(), await freePort()];
  const files = [
    '--tls-cert-file',
    at('cert.pem'),
    '--tls-key-file',
    at('key.pem'),
    '--tls-ca-cert-file',
    at('cert.pem'),
  ];
  const ports = ['--port', `${plain}`, '--tls-port', `${tls}`, '--tls-auth-clients', 'no', '--bind', '127.0.0.1'];
  writeFileSync(
    at('users.acl'),
    'user default off\nuser films on >secret ~upreel:* &upreel:* +@all -@admin -@dangerous +info +client\n',
  );
  const users = ['--aclfile', at('users.acl'), '--save', '', '--dir', folder];
  server = spawn('redis-server', [...ports, ...files, ...users], { stdio: 'ignore' });
  await until(() => isOpen(plain), 10_000);
});

afterAll(async () => {
  if (server === undefined) return;
  server.kill('SIGKILL');
  await once(server, 'close');
});

function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  }).then((open) => {
    socket.destroy();
    return open === true;
  });
}

const ask = (url: string, env: Record<string, string> = {}) =>
  upreel(['jobs', '--queue', url, '--json'], { XDG_STATE_HOME: at('state'), NODE_EXTRA_CA_CERTS: '', ...env });

describe.skipIf(!hasRedis)('a queue behind a password and TLS (needs redis-server)', () => {
  test('is asked by who has both', async () => {
    const trusted = { NODE_EXTRA_CA_CERTS: at('cert.pem') };
    expect(await ask(`rediss://films:secret@localhost:${tls}`, trusted)).toMatchObject({ code: 0, out: '', err: '' });
  });

  test.each([
    ['has a wrong password', 'redis', 'films:wrong@', 'plain', 'does not let upreel in'],
    ['has none', 'redis', '', 'plain', 'does not let upreel in'],
    ['does not know its certificate', 'rediss', 'films:secret@', 'tls', 'has a certificate that is not trusted here'],
    ['speaks TLS where it does not', 'rediss', 'films:secret@', 'plain', 'does not answer'],
    ['does not speak TLS where it does', 'redis', 'films:secret@', 'tls', 'does not answer'],
  ])('tells who %s', async (_, protocol, user, port, what) => {
    const { code, err } = await ask(`${protocol}://${user}localhost:${port === 'tls' ? tls : plain}`);
    expect(code).toBe(1);
    expect(err).toContain(`The Redis server at localhost:${port === 'tls' ? tls : plain} ${what}.`);
    expect(err).not.toMatch(/secret|wrong/);
  });
});
