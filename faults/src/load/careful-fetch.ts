// Repeats a request by the rules of the official SDKs, for calls that they do not have.
import { setTimeout as sleep } from 'node:timers/promises';

const retriesMax = 2;
const firstPauseMs = 500;
const pauseMsMax = 8_000;
/** A longer Retry-After is not obeyed: the SDKs take their own pause then. */
const retryAfterMsMax = 60_000;

type Fetch = (input: string, init?: RequestInit) => Promise<Response>;

/** The last answer, also when it is an error. @throws when the last try got none. */
export async function carefulFetch(
  fetch: Fetch, url: string, init: RequestInit,
): Promise<Response> {
  for (let retries = 0; ; retries += 1) {
    try {
      const answer = await fetch(url, init);
      if (retries >= retriesMax || !isToBeRetried(answer)) return answer;
      await sleep(pauseMs(retries, answer.headers));
    } catch (error) {
      if (retries >= retriesMax || init.signal?.aborted === true) throw error;
      await sleep(pauseMs(retries, null));
    }
  }
}

function isToBeRetried({ status, headers }: Response): boolean {
  const told = headers.get('x-should-retry');
  if (told !== null) return told === 'true';
  return status === 408 || status === 409 || status === 429 || status >= 500;
}

function pauseMs(retries: number, headers: Headers | null): number {
  const afterMs = Number(headers?.get('retry-after') ?? Number.NaN) * 1_000;
  if (afterMs >= 0 && afterMs < retryAfterMsMax) return afterMs;
  return Math.min(firstPauseMs * 2 ** retries, pauseMsMax);
}
