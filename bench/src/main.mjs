// The small benchmark: the simulator directly, then Holdfast as `npm start` runs it (keys, archive,
// fsync on every commit all on), then once more without fsync. Ratios of one run count; absolute
// figures belong to the machine.
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import autocannon from 'autocannon';
import { startHoldfast } from './system.mjs';
import { cpuSeconds, cpuSecondsOfTree, residentMb } from './usage.mjs';

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    connections: { type: 'string', default: '1,16,64,256' },
    json: { type: 'boolean', default: false },
    'no-save': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (options.help) {
  console.log(`npm run bench -- [options]
  --seconds N          length of each measurement (10)
  --connections A,B    connections at once (1,16,64,256)
  --json               print the result as JSON
  --no-save            do not write bench/results/latest.json`);
  process.exit(0);
}

const seconds = Number(options.seconds);
const connections = options.connections.split(',').map(Number);
const words = 'the quick brown fox jumps over the lazy dog and runs away '.repeat(16).slice(0, 900);
const body = JSON.stringify({
  model: 'sim-small', max_tokens: 200, messages: [{ role: 'user', content: words }],
});
const say = options.json ? () => undefined : (line) => console.log(line);

async function measure(target, count, forSeconds) {
  const result = await autocannon({
    url: `${target.base}/v1/chat/completions`,
    method: 'POST',
    headers: { authorization: `Bearer ${target.key}`, 'content-type': 'application/json' },
    body,
    connections: count,
    duration: forSeconds,
    timeout: 30,
  });
  return {
    connections: count,
    requests_per_s: Math.round(result.requests.average),
    p50_ms: result.latency.p50, mean_ms: result.latency.average,
    p97_5_ms: result.latency.p97_5, p99_ms: result.latency.p99,
    requests: result.requests.total,
    errors: result.errors + result.non2xx,
  };
}

async function cpuOf(processes) {
  const seconds = {};
  for (const [name, process] of Object.entries(processes)) {
    if (process?.pid === undefined) continue;
    seconds[name] = await (name === 'postgres' ? cpuSecondsOfTree : cpuSeconds)(process.pid);
  }
  return seconds;
}

async function run(name, target, processes) {
  say(`\n${name}`);
  await measure(target, 64, 3); // warm-up
  const rows = [];
  for (const count of connections) {
    const before = processes === null ? {} : await cpuOf(await processes());
    const row = await measure(target, count, seconds);
    const after = processes === null ? {} : await cpuOf(await processes());
    row.cpu_s_per_1000 = Object.fromEntries(Object.keys(after).map((part) => [
      part, Number((((after[part] - before[part]) / row.requests) * 1000).toFixed(3)),
    ]));
    rows.push(row);
    say(`  ${String(count).padStart(4)} connections  ${String(row.requests_per_s).padStart(7)}/s`
      + `  p50 ${row.p50_ms} ms  p97.5 ${row.p97_5_ms} ms  p99 ${row.p99_ms} ms  errors ${row.errors}`);
    const cpu = Object.entries(row.cpu_s_per_1000).map(([part, value]) => `${part} ${value}`);
    if (cpu.length > 0) say(`       CPU s per 1,000: ${cpu.join('  ')}`);
  }
  return rows;
}

async function archiveLag(system) {
  const text = await fetch(`${(await system.processes()).audit.url}/metrics`).then((r) => r.text());
  return Number(text.match(/^holdfast_archive_lag_seconds\S* (\S+)/m)?.[1] ?? NaN);
}

const result = {
  measured_at: new Date().toISOString(), node: process.version, seconds,
  machine: { cores: cpus().length, cpu: cpus()[0]?.model, memory_gb: Math.round(totalmem() / 2 ** 30) },
  on: ['virtual keys', 'archive and read models', 'explained routing', 'costs'],
  systems: {},
};

for (const [name, sync] of [['holdfast, fsync on every commit', 'always'], ['holdfast, no fsync', 'default']]) {
  const system = await startHoldfast({ simArgs: '--tokens 200', sync });
  try {
    if (sync === 'always') {
      const direct = { base: `${system.simUrl}/p/direct`, key: 'x' };
      result.systems['simulator directly'] = await run('simulator directly', direct, null);
    }
    result.systems[name] = await run(name, { base: system.url, key: system.key }, system.processes);
    const processes = await system.processes();
    const memory = {};
    for (const part of ['ingress', 'router', 'workers', 'audit', 'nats']) {
      memory[part] = await residentMb(processes[part].pid);
    }
    const lag = await archiveLag(system);
    result.systems[`${name}: memory at its peak, MB`] = memory;
    result.systems[`${name}: archive lag at the end, s`] = lag;
    say(`  peak memory, MB: ${Object.entries(memory).map((entry) => entry.join(' ')).join('  ')}`);
    say(`  archive lag at the end: ${lag} s`);
  } finally {
    await system.stop();
  }
}

if (!options['no-save']) {
  const folder = path.join(path.dirname(fileURLToPath(import.meta.url)), '../results');
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'latest.json'), `${JSON.stringify(result, null, 2)}\n`);
}
if (options.json) console.log(JSON.stringify(result, null, 2));
