// Control of the simulated providers, over their own HTTP control side.

export interface LedgerRecord {
  readonly provider: string;
  /** Order of arrival over all providers. */
  readonly sequence: number;
  readonly timeMs: number;
  /** Last four characters of the credential. */
  readonly key: string;
  /** As the request names its end user. */
  readonly user: string;
  readonly attempt: string;
  readonly outcome: 'running' | 'served' | 'cut' | 'hung' | 'error' | 'refused';
  readonly status: number;
  readonly usage: { prompt: number; completion: number };
}

export async function setScript(simUrl: string, provider: string, script: object): Promise<void> {
  const answer = await fetch(`${simUrl}/_sim/providers/${provider}/script`, {
    method: 'PUT', body: JSON.stringify(script),
  });
  if (!answer.ok) throw new Error(`script of ${provider}: ${await answer.text()}`);
}

export async function clearScript(simUrl: string, provider: string): Promise<void> {
  await fetch(`${simUrl}/_sim/providers/${provider}/script`, { method: 'DELETE' });
}

/** Calls that cost money or may: model lists and the like are not in it. */
export async function ledger(simUrl: string): Promise<LedgerRecord[]> {
  const text = await fetch(`${simUrl}/_sim/ledger`).then((answer) => answer.text());
  return text.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as LedgerRecord);
}

export async function clearLedger(simUrl: string): Promise<void> {
  await fetch(`${simUrl}/_sim/ledger`, { method: 'DELETE' });
}
