// Brings a fresh clone to where it can run: dependencies as package-lock.json says, a current build.
// Plain Node, no dependencies: it runs before there are any.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const minimumNode = [20, 19];
const stamp = path.join(root, 'dist/.built');
/** Whatever changes the build's output. */
const sources = ['libs', 'services', 'tools', 'package-lock.json', 'rspack.config.mjs', 'tsconfig.json', 'nest-cli.json'];

/** Installs and builds what is missing or out of date; says what it does. */
export async function prepare({ build = true } = {}) {
  checkNode();
  if (!isInstalled()) await install();
  if (build && !isBuilt()) await buildAll();
}

/** Runs a Node program of this repository or its packages; resolves with its exit code. */
export function run(script, args, options = {}) {
  return spawned(process.execPath, [...(options.nodeArgs ?? []), path.join(root, script), ...args], options);
}

export async function buildAll() {
  const started = new Date();
  say('Building …');
  const code = await run('node_modules/@nestjs/cli/bin/nest.js', ['build'], { stdio: ['ignore', 'ignore', 'inherit'] });
  if (code !== 0) {
    // The bundler writes its errors to the normal output: once more, visibly.
    await run('node_modules/@nestjs/cli/bin/nest.js', ['build']);
    throw new Failure('The build failed.');
  }
  writeFileSync(stamp, '');
  // Sources saved while it was building are newer than the build.
  utimesSync(stamp, started, started);
}

/** Something the user must know, without a stack trace. */
export class Failure extends Error {}

/** Ends the process with a message for expected failures, and everything for bugs. */
export function fail(error) {
  process.stderr.write(`${error instanceof Failure ? error.message : error?.stack ?? error}\n`);
  process.exit(1);
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > minimumNode[0] || (major === minimumNode[0] && minor >= minimumNode[1])) return;
  throw new Failure(`Holdfast needs Node ${minimumNode.join('.')} or newer; this is ${process.version}.`);
}

/** Compares versions and not times: a clone's times say nothing. */
function isInstalled() {
  const wanted = packagesOf('package-lock.json');
  const present = packagesOf('node_modules/.package-lock.json');
  if (wanted === null) throw new Failure('package-lock.json is missing or unreadable.');
  if (present === null) return false;
  return Object.entries(wanted).every(([name, { version, optional, devOptional, peer }]) =>
    name === '' || optional || devOptional || peer || present[name]?.version === version);
}

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(path.join(root, file), 'utf8')).packages;
  } catch {
    return null;
  }
}

async function install() {
  say('Installing dependencies (once, about a minute) …');
  // The build needs development dependencies, also where NODE_ENV says production.
  const options = ['--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  if (await npm(['ci', ...options]) === 0) return;
  // Mirrors that leave out other platforms' packages make `npm ci` refuse a lock file that names
  // them; `npm install` takes the same versions and is not disturbed.
  say('npm ci did not succeed; trying npm install with the same versions …');
  if (await npm(['install', '--no-save', ...options]) === 0 && isInstalled()) return;
  throw new Failure('The dependencies could not be installed; see above. Nothing was started.');
}

/** The npm that runs us, else the one on PATH. */
function npm(args) {
  const cli = process.env.npm_execpath;
  if (cli?.endsWith('npm-cli.js')) return spawned(process.execPath, [cli, ...args]);
  return spawned(process.platform === 'win32' ? 'npm.cmd' : 'npm', args);
}

function isBuilt() {
  const builtAt = modifiedAt(stamp);
  return builtAt !== null && sources.every((name) => newest(path.join(root, name)) <= builtAt);
}

/** Folders count too: their time changes when a file in them goes away. */
function newest(file) {
  const at = modifiedAt(file) ?? 0;
  if (at === 0 || !statSync(file).isDirectory()) return at;
  return readdirSync(file)
    .filter((name) => !name.endsWith('.spec.ts') && !name.endsWith('.md'))
    .reduce((latest, name) => Math.max(latest, newest(path.join(file, name))), at);
}

function modifiedAt(file) {
  try {
    return statSync(file).mtimeMs;
  } catch {
    return null;
  }
}

/** Resolves with its exit code. */
export function spawned(command, args, { stdio = 'inherit', env = process.env } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio, env });
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(signal === null ? code : 1));
  });
}

function say(text) {
  process.stderr.write(`${text}\n`);
}
