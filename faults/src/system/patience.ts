// What the campaign itself asks of the product and of its servers is asked again while they are
// away: it is the campaign that takes them away, on another track perhaps at this very moment.
import { setTimeout as sleep } from 'node:timers/promises';

export interface Patience {
  readonly withinMs: number;
  readonly pauseMs: number;
}

/** The longest outage that a fault may cause is a minute and a half (a full disk of the log). */
const usual: Patience = { withinMs: 120_000, pauseMs: 250 };
/** Of one try: a process that stands still does not answer at all. */
const tryMsMax = 20_000;

/** @throws what the last try threw, when the time is over. */
export async function patiently<T>(
  what: string, ask: () => Promise<T>, { withinMs, pauseMs }: Patience = usual,
): Promise<T> {
  const until = performance.now() + withinMs;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (performance.now() >= until) {
        throw new Error(`${what}: not within ${withinMs / 1_000} s`, { cause: error });
      }
      await sleep(pauseMs);
    }
  }
}

/** An answer of the product, whatever it says, unless that is "not now". */
export async function ask(
  url: string, init: RequestInit = {}, patience: Patience = usual,
): Promise<Response> {
  return patiently(`${init.method ?? 'GET'} ${new URL(url).pathname}`, async () => {
    const answer = await fetch(url, { ...init, signal: AbortSignal.timeout(tryMsMax) });
    if (!isNotNow(answer.status)) return answer;
    throw new Error(`${answer.status} ${await answer.text()}`);
  }, patience);
}

function isNotNow(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}
