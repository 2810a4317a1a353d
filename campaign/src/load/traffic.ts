// Traffic of a run: arrivals at their times, or a crowd as fast as it goes.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Arrival } from '../arrivals';
import { ask, type Asked, type Asking } from './ask';

/** Nobody waits for the ones before. */
export function play(asking: Asking, arrivals: readonly Arrival[]): Promise<Asked[]> {
  return Promise.all(arrivals.map(async ({ atMs, ...arrival }, index) => {
    await sleep(Math.max(0, atMs - asking.now()));
    return ask(asking, { request: `r${index}`, ...arrival });
  }));
}

/** Short, so that the product is measured and not the simulated generation. */
const small = { promptTokens: 8, outputTokens: 4, stream: false };

export async function crowd(
  asking: Asking, { callers, requests }: { readonly callers: number; readonly requests: number },
): Promise<Asked[]> {
  const asked: Asked[] = [];
  let begun = 0;
  await Promise.all(Array.from({ length: callers }, async () => {
    while (begun < requests) {
      begun += 1;
      asked.push(await ask(asking, { request: `c${begun}`, ...small }));
    }
  }));
  return asked;
}
