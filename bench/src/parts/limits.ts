// What this machine gives to anything built of these parts: synced writes to its disk, synced
// appends to JetStream, requests through Fastify. Measured in the same run as everything else.
import { open, rm } from 'node:fs/promises';
import path from 'node:path';
import { jetstreamManager, StorageType } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { findNatsServer } from '@libs/servers/find-nats-server';
import { freePort } from '@libs/servers/free-port';
import { startNats } from '@libs/servers/nats';
import { binDir, newDataDir } from '../root';
import { round } from '../statistics';
import { startRole } from '../systems/raw';
import { type Stage } from '../systems/start-systems';
import { model } from '../systems/system';

export interface LimitsResult {
  readonly payloadBytes: number;
  /** Write and fdatasync of the payload, one after the other. */
  readonly syncedWritesPerS: number;
  /** JetStream with a sync per message: one publish in flight, and 64. */
  readonly syncedAppendsPerS: number;
  readonly syncedAppendsPipelinedPerS: number;
  /** The same without a sync per message. */
  readonly appendsPerS: number;
  readonly appendsPipelinedPerS: number;
  readonly fastify: readonly { readonly connections: number; readonly requestsPerS: number }[];
}

/** A submission of the benchmark as one message. */
const payloadBytes = 1_536;
const inFlight = 64;
const secondsEach = 2;

export async function measureLimits(stage: Stage): Promise<LimitsResult> {
  const dir = await newDataDir('limits');
  try {
    const syncedWritesPerS = await syncedWrites(path.join(dir, 'file'));
    const synced = await appends(path.join(dir, 'synced'), true);
    const plain = await appends(path.join(dir, 'plain'), false);
    stage.say(`limits: ${syncedWritesPerS} synced writes/s, ${synced.single} synced appends/s, `
      + `${synced.pipelined} with ${inFlight} in flight`);
    return {
      payloadBytes, syncedWritesPerS,
      syncedAppendsPerS: synced.single, syncedAppendsPipelinedPerS: synced.pipelined,
      appendsPerS: plain.single, appendsPipelinedPerS: plain.pipelined,
      fastify: await bareHttp(stage, dir),
    };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function syncedWrites(file: string): Promise<number> {
  const payload = Buffer.alloc(payloadBytes, 'x');
  const handle = await open(file, 'a');
  try {
    return await ratePerS(1, async () => {
      await handle.appendFile(payload);
      await handle.datasync();
    });
  } finally {
    await handle.close();
  }
}

async function appends(
  dataDir: string, syncAlways: boolean,
): Promise<{ single: number; pipelined: number }> {
  const nats = await startNats({ binary: await findNatsServer({ binDir }), dataDir, syncAlways });
  try {
    const nc = await connect({ servers: nats.url, noAsyncTraces: true });
    const jsm = await jetstreamManager(nc);
    await jsm.streams.add({ name: 'LIMITS', subjects: ['limits'], storage: StorageType.File });
    const rates = {
      single: await ratePerS(1, () => append(nc)),
      pipelined: await ratePerS(inFlight, () => append(nc)),
    };
    await nc.close();
    return rates;
  } finally {
    await nats.stop();
  }
}

const message = Buffer.alloc(payloadBytes, 'x');

async function append(nc: NatsConnection): Promise<void> {
  const answer = await nc.request('limits', message, { timeout: 10_000 });
  const { error } = answer.json<{ error?: { description: string } }>();
  if (error !== undefined) throw new Error(error.description);
}

/** `lanes` at the same time, each one after the other. */
async function ratePerS(lanes: number, act: () => Promise<void>): Promise<number> {
  const startedMs = performance.now();
  const untilMs = startedMs + secondsEach * 1_000;
  let done = 0;
  await Promise.all(Array.from({ length: lanes }, async () => {
    while (performance.now() < untilMs) {
      await act();
      done += 1;
    }
  }));
  return round((done / (performance.now() - startedMs)) * 1_000);
}

async function bareHttp(
  { load, options, say }: Stage, dir: string,
): Promise<LimitsResult['fastify']> {
  const port = await freePort();
  const program = await startRole(dir, 'http', ['', String(port)]);
  const target = { baseUrl: `http://127.0.0.1:${port}/v1`, headers: {}, model };
  const rates = [];
  try {
    for (const connections of [64, 256]) {
      const { requestsPerS } = await load.run({
        kind: 'closed', target, connections, settleS: 1, seconds: options.seconds,
      });
      rates.push({ connections, requestsPerS });
      say(`limits: Fastify alone ${requestsPerS}/s with ${connections} connections`);
    }
  } finally {
    await program.stop();
  }
  return rates;
}
