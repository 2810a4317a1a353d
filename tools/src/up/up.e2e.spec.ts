// `holdfast up` as a process: what it starts it also stops, however it ends itself.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { commandLine, isAlive } from '@libs/servers/process-identity';
import { waitFor } from '@libs/test-kit/wait-for';

const program = path.resolve('dist/tools/holdfast.js');
const partNames = ['audit', 'ingress', 'nats', 'postgres', 'router', 'sim', 'workers'];

interface Up {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly exit: Promise<number | null>;
}
type Parts = Record<string, { pid: number; url: string }>;

let dir = '';
let config = '';
const started: Up[] = [];

beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'holdfast-up-'));
  config = path.join(dir, 'holdfast.yaml');
});
afterAll(async () => {
  for (const { child, exit } of started) {
    child.kill('SIGINT');
    await exit;
  }
  await rm(dir, { recursive: true, force: true });
}, 60_000);

function run(...args: string[]): Up {
  const kept = Object.entries(process.env).filter(([name]) => !name.endsWith('_API_KEY')
    && !['NATS_URL', 'DATABASE_URL', 'HOLDFAST_CONFIG', 'npm_lifecycle_event'].includes(name));
  const child = spawn(process.execPath, [program, ...args], {
    env: { ...Object.fromEntries(kept), HOLDFAST_DATA_DIR: dir }, stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (text: Buffer) => { output += text.toString(); });
  child.stderr.on('data', (text: Buffer) => { output += text.toString(); });
  const exit = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return { child, exit, output: () => output };
}

async function up(): Promise<Up> {
  const one = run('up', '--port', '0', '--config', config);
  started.push(one);
  const ended = one.exit.then((code) => { throw new Error(`up ended with ${code}: ${one.output()}`); });
  await Promise.race([ended, waitFor(
    () => one.output().includes('Holdfast is ready'), { timeoutMs: 110_000, what: 'ready' })]);
  ended.catch(() => undefined);
  return one;
}

const parts = async (): Promise<Parts> =>
  JSON.parse(await readFile(path.join(dir, 'run/processes.json'), 'utf8')) as Parts;

async function allGone(pids: readonly number[]): Promise<void> {
  const runs = async (pid: number): Promise<boolean> => isAlive(pid) && await commandLine(pid) !== '';
  await waitFor(async () => !(await Promise.all(pids.map(runs))).includes(true),
    { timeoutMs: 60_000, what: 'the end of all parts' });
}

const pidsOf = (all: Parts): number[] => Object.values(all).map(({ pid }) => pid);

describe('holdfast up', () => {
  let first: Up;
  beforeAll(async () => {
    await writeFile(config, 'webhooks: { allow_private: true }\n');
    first = await up();
  }, 120_000);

  test('names every part it runs, and no secret where nobody looks', async () => {
    expect(Object.keys(await parts()).sort()).toEqual(partNames);
    const key = (await readFile(path.join(dir, 'secrets/first-key'), 'utf8')).trim();
    expect(first.output()).not.toContain(key);
    expect(first.output()).toContain('SIMULATED');
    expect((await stat(path.join(dir, 'secrets/first-key'))).mode & 0o077).toBe(0);
  });

  test('refuses to start twice with the same data', async () => {
    const second = run('up', '--port', '0');
    expect(await second.exit).toBe(1);
    expect(second.output()).toContain('already running');
  });

  test('answers its own commands', async () => {
    const submit = run('submit', 'Hello', '--model', 'sim-small', '--wait', '30', '--json');
    expect([await submit.exit, submit.output()]).toEqual([0, expect.stringContaining('Hello')]);
    const doctor = run('doctor', '--json');
    await doctor.exit;
    const { findings } = JSON.parse(doctor.output()) as { findings: { name: string; state: string }[] };
    expect(findings.filter(({ state }) => state === 'bad')).toEqual([]);
  }, 60_000);

  test('starts a part again that was killed', async () => {
    const before = (await parts())['router']!.pid;
    process.kill(before, 'SIGKILL');
    const after = await waitFor(async () => {
      const pid = (await parts())['router']?.pid;
      return pid !== undefined && pid !== before && pid;
    }, { timeoutMs: 30_000, what: 'another router' });
    expect(isAlive(after)).toBe(true);
  }, 60_000);

  test('applies a changed configuration, and keeps the former one when it is wrong', async () => {
    await writeFile(config, 'customers: [ { id: acme } ]\n');
    await waitFor(() => first.output().includes('created customer acme'), { timeoutMs: 60_000, what: 'the change' });
    await writeFile(config, 'customers: [ { idd: acme } ]\n');
    await waitFor(() => first.output().includes('the former configuration stays'),
      { timeoutMs: 60_000, what: 'the refusal' });
    expect(first.output()).toContain('holdfast.yaml:1');
    await writeFile(config, 'customers: [ { id: acme } ]\n');
  }, 150_000);

  test('killed itself, leaves nothing that the next start does not clean up', async () => {
    const before = pidsOf(await parts());
    first.child.kill('SIGKILL');
    await first.exit;
    started.length = 0;
    const second = await up();
    await allGone(before);
    const after = pidsOf(await parts());
    second.child.kill('SIGINT');
    expect(await second.exit).toBe(0);
    await allGone(after);
    await expect(parts()).rejects.toThrow('ENOENT');
    started.length = 0;
  }, 240_000);
});
