// The campaign's own provider simulator: told how to misbehave, and an independent witness of what
// was called and what it would bill. It is never a victim.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { type LedgerRecord } from '../notes';
import { startGate } from './gate';
import { ask } from './patience';

export type ProviderName = 'alpha' | 'beta';
export type Script = Readonly<Record<string, unknown>>;

export interface Simulator {
  /** Where each provider is reached. */
  readonly urls: Readonly<Record<ProviderName, string>>;
  /** How a provider behaves from now on; `steps` and `faults` on top of the healthy pace. */
  setScript(provider: ProviderName, script: Script): Promise<void>;
  /** Refuses connections, and cuts those that are open. */
  shut(provider: ProviderName): Promise<void>;
  /** Back to health. */
  heal(provider: ProviderName): Promise<void>;
  ledger(): Promise<LedgerRecord[]>;
  stop(): Promise<void>;
}

/** Answers of a tenth of a second to a second, so that something is always under way. */
const healthy = { latencyMs: [20, 300], tokens: [8, 120], tokensPerS: 250 };

export async function startSimulator(root: string, seed: number): Promise<Simulator> {
  const child = spawn(process.execPath, [
    path.join(root, 'dist/tools/provider-sim.js'), '--seed', String(seed), '--require-key',
  ], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = new Promise<void>((resolve) => void child.once('exit', () => resolve()));
  const line = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).once('line', resolve);
    child.once('exit', () => reject(new Error('the provider simulator ended at its start')));
  });
  const { url } = JSON.parse(line) as { url: string };
  const put = async (provider: ProviderName, script: Script): Promise<void> => {
    const answer = await ask(`${url}/_sim/providers/${provider}/script`, {
      method: 'PUT', body: JSON.stringify({ seed, defaults: healthy, ...script }),
    });
    if (!answer.ok) throw new Error(`script of ${provider}: ${await answer.text()}`);
  };
  await put('alpha', {});
  await put('beta', {});
  const gates = { alpha: await startGate(url), beta: await startGate(url) };
  return {
    urls: { alpha: `${gates.alpha.url}/p/alpha/v1`, beta: `${gates.beta.url}/p/beta` },
    setScript: put,
    shut: (provider) => gates[provider].shut(),
    heal: async (provider) => {
      await put(provider, {});
      await gates[provider].open();
    },
    ledger: async () => {
      const text = await ask(`${url}/_sim/ledger`).then((answer) => answer.text());
      return text.split('\n').filter((one) => one !== '')
        .map((one) => JSON.parse(one) as LedgerRecord);
    },
    stop: async () => {
      await Promise.all([gates.alpha.shut(), gates.beta.shut()]);
      child.kill('SIGTERM');
      await exited;
    },
  };
}
