// One POST to a webhook receiver, and what its answer means.
import { request } from 'undici';
import { type GuardedDispatcher } from './guarded-dispatcher';

/** 2xx within 15 s is delivered. */
export const deliveryTimeoutMs = 15_000;

/** What became of one try. */
export type PostOutcome =
  | { readonly kind: 'delivered'; readonly status: number }
  | {
      readonly kind: 'failed';
      readonly status: number | null;
      readonly message: string;
      readonly retryAfterMs: number | null;
      /** 410: the receiver wants nothing more. */
      readonly gone: boolean;
    };

export interface Post {
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly timeoutMs: number;
}

/** Never throws: every way it can end is an outcome. Redirects are not followed. */
export async function post(
  { url, headers, body, timeoutMs }: Post, { dispatcher, check }: GuardedDispatcher,
): Promise<PostOutcome> {
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    await check(new URL(url));
    const response = await request(url, { dispatcher, method: 'POST', headers, body, signal });
    // What the receiver says beyond its status is of no use; a few bytes free the connection.
    await response.body.dump({ limit: 16 * 1024, signal }).catch(() => undefined);
    return outcomeOf(response.statusCode, response.headers['retry-after'], Date.now());
  } catch (error) {
    const message = signal.aborted
      ? `no answer within ${timeoutMs / 1000} s`
      : `the receiver could not be reached: ${reasonOf(error)}`;
    return { kind: 'failed', status: null, message, retryAfterMs: null, gone: false };
  }
}

export function outcomeOf(
  status: number, retryAfter: string | string[] | undefined, nowMs: number,
): PostOutcome {
  if (status >= 200 && status < 300) return { kind: 'delivered', status };
  const redirected = status >= 300 && status < 400 ? ' (redirects are not followed)' : '';
  return {
    kind: 'failed',
    status,
    message: `the receiver answered ${status}${redirected}`,
    retryAfterMs: typeof retryAfter === 'string' ? retryAfterMs(retryAfter, nowMs) : null,
    gone: status === 410,
  };
}

/** Seconds or a date, as HTTP has it. null when it is neither. */
function retryAfterMs(text: string, nowMs: number): number | null {
  if (/^\d{1,9}$/.test(text.trim())) return Number(text) * 1000;
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? null : Math.max(0, atMs - nowMs);
}

/** The cause says more than the wrapper; several addresses tried come as one aggregate. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError) return reasonOf(error.errors[0]);
  if (error.cause instanceof Error) return reasonOf(error.cause);
  return error.message === '' ? error.name : error.message;
}
