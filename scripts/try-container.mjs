// Runs the steps of docs/fleet/Containerfile where there is no builder of containers: in Debian trees of mmdebstrap that
// stand for its base image, as root. Then runs a command as the image would.
// usage: node scripts/try-container.mjs FOLDER [COMMAND...]     (default: the image's own entry point with --help)
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const [place, ...command] = process.argv.slice(2);
if (place === undefined) throw new Error('usage: node scripts/try-container.mjs FOLDER [COMMAND...]');
const folder = resolve(place);
const steps = readSteps(readFileSync(join(root, 'docs/fleet/Containerfile'), 'utf8'));
const image = existsSync(join(folder, 'done')) ? readImage() : build();
const words = command.length > 0 ? command : [...image.entrypoint, '--help'];
process.exitCode = inTree(image, words).status ?? 1;

/** @returns instructions with their text, in order; lines that end in a backslash go on */
function readSteps(text) {
  const lines = text.replaceAll('\\\n', ' ').split('\n');
  return lines.filter((line) => /^[A-Z]/.test(line)).map((line) => /^(\w+)\s+(.*)$/.exec(line).slice(1));
}

function build() {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const stages = [];
  for (const [word, rest] of steps) follow(stages, word, rest);
  mkdirSync(join(folder, 'done'));
  return stages.at(-1);
}

/** What the steps leave behind, without their work. */
function readImage() {
  const stages = [];
  for (const [word, rest] of steps) if (!['RUN', 'COPY'].includes(word)) follow(stages, word, rest, true);
  return stages.at(-1);
}

function follow(stages, word, rest, isBuilt = false) {
  const stage = stages.at(-1);
  switch (word) {
    case 'FROM': {
      const name = / AS (\S+)/.exec(rest)?.[1] ?? 'image';
      const tree = join(folder, name);
      stages.push({ name, tree, workdir: '/', user: null, env: {}, entrypoint: [] });
      if (!isBuilt) makeBase(tree, /-(\w+)-slim/.exec(rest)[1]);
      break;
    }
    case 'WORKDIR':
      stage.workdir = rest;
      mkdirSync(join(stage.tree, rest), { recursive: true });
      break;
    case 'ENV':
      Object.assign(stage.env, Object.fromEntries([rest.split(/=(.*)/).slice(0, 2)]));
      break;
    case 'USER':
      stage.user = rest;
      break;
    case 'ENTRYPOINT':
      stage.entrypoint = JSON.parse(rest);
      break;
    case 'COPY':
      copy(stages, rest);
      break;
    case 'RUN': {
      console.error(`RUN ${rest}`);
      const { status } = inTree(stage, ['sh', '-c', rest]);
      if (status !== 0) throw new Error(`The step failed with ${status}: ${rest}`);
      break;
    }
    case 'CMD':
    case 'STOPSIGNAL':
      break;
    default:
      throw new Error(`This script does not know ${word}.`);
  }
}

function copy(stages, rest) {
  const stage = stages.at(-1);
  const parts = rest.split(/\s+/);
  const other = /^--from=(.*)/.exec(parts[0])?.[1];
  const from = other === undefined ? root : stages.find(({ name }) => name === other).tree;
  const [target, ...sources] = parts.slice(other === undefined ? 0 : 1).reverse();
  const into = join(stage.tree, resolve(stage.workdir, target));
  mkdirSync(into, { recursive: true });
  for (const source of sources) {
    const isContent = source.endsWith('/');
    const paths = isContent ? [source] : matches(from, source);
    if (paths.length === 0) throw new Error(`There is no ${source}.`);
    for (const path of paths)
      cpSync(join(from, path), isContent ? into : join(into, basename(path)), { recursive: true });
  }
}

/** The last part of a path may hold stars. */
function matches(from, source) {
  const pattern = new RegExp(`^${basename(source).replaceAll('.', '\\.').replaceAll('*', '.*')}$`);
  const parent = dirname(source);
  return readdirSync(join(from, parent))
    .filter((name) => pattern.test(name))
    .map((name) => join(parent, name));
}

/** Debian with this machine's Node.js, which is what the base image is; its ways to the network come along. */
function makeBase(tree, suite) {
  execFileSync('mmdebstrap', ['--quiet', '--mode=root', '--variant=apt', '--include=ca-certificates', suite, tree], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  cpSync(process.execPath, join(tree, 'usr/local/bin/node'));
  const npm = dirname(dirname(realpathSync(execFileSync('sh', ['-c', 'command -v npm'], { encoding: 'utf8' }).trim())));
  cpSync(npm, join(tree, 'usr/local/lib/node_modules/npm'), { recursive: true });
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(tree, 'usr/local/bin/npm'));
  for (const path of ['/etc/resolv.conf', '/etc/ssl/certs/ca-certificates.crt', `${process.env.HOME}/.npmrc`]) {
    if (existsSync(path)) cpSync(path, join(tree, path), { dereference: true });
  }
  inTree({ tree, env: {} }, ['useradd', '--uid', '1000', '--create-home', 'node']);
}

function inTree({ tree, workdir = '/', user = null, env }, words) {
  const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  const outer = Object.entries(process.env).filter(([name]) => /^(UPREEL_|NODE_EXTRA|HTTPS?_PROXY)/i.test(name));
  const inner = { PATH: path, HOME: user === null ? '/root' : `/home/${user}`, ...env, ...Object.fromEntries(outer) };
  const enter = `mount -t proc proc "$0/proc"; mount --rbind /dev "$0/dev"
    if [ -n "$UPREEL_STORE" ]; then mkdir -p "$0$UPREEL_STORE"; mount --bind "$UPREEL_STORE" "$0$UPREEL_STORE"; fi
    exec chroot ${user === null ? '' : `--userspec=${user}`} "$0" sh -c 'cd "$0" && exec "$@"' '${workdir}' "$@"`;
  return spawnSync('unshare', ['--mount', '--propagation', 'private', 'sh', '-ec', enter, tree, ...words], {
    stdio: 'inherit',
    env: inner,
  });
}
