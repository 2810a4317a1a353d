// Starts what is measured: Holdfast as `npm start` runs it, on free ports with a fresh data
// directory, and its provider simulator.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const key = 'hf-benchmark-key-0000000000000000';
/** First start includes making a database and, at worst, fetching NATS. */
const startMsMax = 180_000;

/** @returns {{url, simUrl, key, processes(), stop()}} */
export async function startHoldfast({ simArgs, sync }) {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'holdfast-bench-'));
  const child = spawn(
    process.execPath,
    [path.join(root, 'dist/tools/holdfast.js'), 'up', '--port', '0', '--data-dir', dataDir],
    {
      cwd: root,
      env: {
        ...process.env,
        ...withoutProviderKeys(process.env),
        HOLDFAST_BOOTSTRAP_KEY: key,
        HOLDFAST_SIM_ARGS: simArgs,
        HOLDFAST_NATS_SYNC: sync,
        HOLDFAST_LOG_LEVEL: 'warn',
        HOLDFAST_CONFIG: '',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => { output += text; });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const processes = async () =>
    JSON.parse(await readFile(path.join(dataDir, 'run/processes.json'), 'utf8'));
  try {
    const url = await ready(processes, child, () => output);
    const simUrl = (await processes()).sim.url;
    return {
      url, simUrl, key, processes,
      stop: async () => {
        child.kill('SIGTERM');
        await exited;
        await rm(dataDir, { recursive: true, force: true });
      },
    };
  } catch (error) {
    child.kill('SIGTERM');
    await exited;
    await rm(dataDir, { recursive: true, force: true });
    throw error;
  }
}

async function ready(processes, child, output) {
  const until = Date.now() + startMsMax;
  while (Date.now() < until) {
    if (child.exitCode !== null) throw new Error(`holdfast up ended with ${child.exitCode}:\n${output()}`);
    const url = (await processes().catch(() => null))?.ingress?.url;
    if (url !== undefined) {
      const answer = await fetch(`${url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'sim-small', messages: [{ role: 'user', content: 'ready?' }] }),
      }).catch(() => null);
      if (answer?.ok) return url;
    }
    await sleep(200);
  }
  throw new Error(`not ready after ${startMsMax / 1000} s:\n${output()}`);
}

/** The simulator is the upstream: real keys in the environment must not be picked up. */
function withoutProviderKeys(environment) {
  return Object.fromEntries(
    Object.keys(environment).filter((name) => name.endsWith('_API_KEY')).map((name) => [name, '']),
  );
}
