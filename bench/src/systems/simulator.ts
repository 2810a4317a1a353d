// The provider simulator: upstream of every system, and measured directly as the machine's ceiling.
import { rm } from 'node:fs/promises';
import { freePort } from '@libs/servers/free-port';
import { at, newDataDir } from '../root';
import { answersOk, startProgram } from './program';
import { answerTokens, model, type System, type UpstreamName } from './system';

export interface Simulator extends System {
  /** Up to and including /v1. */
  readonly baseUrl: (upstream: string) => string;
}

/** A fast reader's pace; models write between 20 and 200 tokens/s. */
export const pacedTokensPerS = 20;
export const lateMs = 50;

export async function startSimulator(port: number): Promise<Simulator> {
  const dir = await newDataDir('simulator');
  const url = `http://127.0.0.1:${port === 0 ? await freePort() : port}`;
  const program = await startProgram({
    name: 'simulator', dir,
    args: [
      at('dist/tools/provider-sim.js'), '--port', new URL(url).port,
      // Its ledger is for checking books; here it would only be memory.
      '--tokens', String(answerTokens), '--ledger-records', '1000',
    ],
    isReady: () => answersOk(`${url}/_sim/health`),
  });
  await setDefaults(url, 'late', { latencyMs: lateMs });
  await setDefaults(url, 'paced', { tokensPerS: pacedTokensPerS });
  // An hour: until the end of any measurement.
  await setDefaults(url, 'stuck', { latencyMs: 3_600_000 });
  const baseUrl = (upstream: string): string => `${url}/p/${upstream}/v1`;
  return {
    name: 'simulator', version: null, streams: true, baseUrl,
    on: 'answers from memory', off: 'no gateway',
    target: (upstream: UpstreamName) => ({
      baseUrl: baseUrl(upstream), headers: { authorization: 'Bearer x' }, model,
    }),
    processes: () => Promise.resolve([{ name: 'simulator', pid: program.pid }]),
    stop: async () => {
      await program.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function setDefaults(url: string, provider: string, defaults: object): Promise<void> {
  const answer = await fetch(`${url}/_sim/providers/${provider}/script`, {
    method: 'PUT', body: JSON.stringify({ defaults }),
  });
  if (!answer.ok) throw new Error(`script of ${provider}: ${await answer.text()}`);
}
