// The campaign's own provider simulator: told how to behave, and the witness of what was called.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { clearLedger, ledger, type LedgerRecord, setScript } from '../../../test/support/sim';

export interface Simulator {
  readonly url: string;
  setScript(provider: string, script: object): Promise<void>;
  /** Calls since the last time that it was cleared. */
  ledger(): Promise<LedgerRecord[]>;
  clearLedger(): Promise<void>;
  stop(): Promise<void>;
}

export async function startSimulator(root: string): Promise<Simulator> {
  const child = spawn(process.execPath, [
    path.join(root, 'dist/tools/provider-sim.js'), '--require-key',
  ], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = new Promise<void>((resolve) => void child.once('exit', () => resolve()));
  const line = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).once('line', resolve);
    child.once('exit', () => reject(new Error('the provider simulator ended at its start')));
  });
  const { url } = JSON.parse(line) as { url: string };
  return {
    url,
    setScript: (provider, script) => setScript(url, provider, script),
    ledger: () => ledger(url),
    clearLedger: () => clearLedger(url),
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
