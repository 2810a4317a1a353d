// Starts the physical reference (bench/src/reference): three processes and a NATS server of its
// own.
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { connect } from '@nats-io/transport-node';
import { findNatsServer } from '@libs/servers/find-nats-server';
import { freePort } from '@libs/servers/free-port';
import { type RunningNats, startNats } from '@libs/servers/nats';
import { setUp } from '../reference/roles';
import { at, binDir, newDataDir } from '../root';
import { completes, type Program, startProgram } from './program';
import { type Simulator } from './simulator';
import { model, type System, type Target, type UpstreamName } from './system';

export async function startRaw(simulator: Simulator, fsync: boolean): Promise<System> {
  const dir = await newDataDir('raw');
  const { nats, programs, port } = await startPipeline(dir, simulator, fsync);
  const target = (upstream: UpstreamName): Target =>
    ({ baseUrl: `http://127.0.0.1:${port}/${upstream}/v1`, headers: {}, model });
  await untilAnswered(target('now'));
  return {
    name: fsync ? 'raw' : 'raw-nofsync', version: null, streams: false, target,
    on: `three hops over the log with group commit${fsync ? ', fsync on every commit' : ''}`,
    off: `keys, schema, decisions, state, redelivery, costs, archive${fsync ? '' : ', fsync'}`,
    processes: () => Promise.resolve([
      ...programs.map(({ name, program }) => ({ name, pid: program.pid })),
      { name: 'nats', pid: nats.pid ?? 0 },
    ]),
    stop: async () => {
      for (const { program } of programs) await program.stop();
      await nats.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

interface Pipeline {
  readonly nats: RunningNats;
  readonly programs: readonly { readonly name: string; readonly program: Program }[];
  readonly port: number;
}

async function startPipeline(dir: string, simulator: Simulator, fsync: boolean): Promise<Pipeline> {
  const nats = await startNats({
    binary: await findNatsServer({ binDir }), dataDir: path.join(dir, 'nats'), syncAlways: fsync,
  });
  const port = await freePort();
  const simUrl = new URL(simulator.baseUrl('now')).origin;
  const nc = await connect({ servers: nats.url });
  await setUp(nc);
  await nc.close();
  const programs = [];
  const roles = [['router', ''], ['workers', simUrl], ['ingress', String(port)]] as const;
  for (const [name, argument] of roles) {
    programs.push({ name, program: await startRole(dir, name, [nats.url, argument]) });
  }
  return { nats, programs, port };
}

/** Any process of the reference. */
export async function startRole(
  dir: string, role: string, args: readonly string[],
): Promise<Program> {
  return await startProgram({
    name: role, dir, args: [at('dist/bench/reference.js'), role, ...args],
    isReady: async (log) => (await log()).includes('ready'),
  });
}

async function untilAnswered(target: Target): Promise<void> {
  for (let tries = 0; tries < 20; tries += 1) if (await completes(target)) return;
  throw new Error('the reference pipeline does not answer');
}
