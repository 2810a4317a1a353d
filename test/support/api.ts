// Small HTTP helpers of the whole-process tests.
import { type Holdfast } from './holdfast';

export interface JobView {
  id: string;
  status: string;
  attempts: { attempt_id: string; provider: string; outcome: string; usage: { input_tokens: number; output_tokens: number } | null; cost_usd: string | null; error: { class: string } | null }[];
  webhook: { status: string } | null;
  error: { class: string; message: string } | null;
  cost_usd: string | null;
  metadata: Record<string, string>;
}

export async function call(
  holdfast: Holdfast, path: string, options: { method?: string; body?: unknown; headers?: Record<string, string>; signal?: AbortSignal } = {},
): Promise<Response> {
  return fetch(`${holdfast.url}${path}`, {
    method: options.method ?? (options.body === undefined ? 'GET' : 'POST'),
    headers: {
      authorization: `Bearer ${holdfast.key}`, 'content-type': 'application/json', ...options.headers,
    },
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
}

/** @throws what was said instead, when it is no success. */
export async function json<T>(given: Response | Promise<Response>): Promise<T> {
  const answer = await given;
  if (!answer.ok) throw new Error(`${answer.url}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as T;
}

/** Of a refusal, too. */
export async function bodyOf<T>(answer: Response): Promise<T> {
  return (await answer.json()) as T;
}

export const chat = (content: string, model = 'sim-small'): object => ({
  model, messages: [{ role: 'user', content }], max_tokens: 16,
});

/** A job that nobody waits for. */
export async function submit(holdfast: Holdfast, body: object, more: object = {}): Promise<JobView> {
  const answer = await call(holdfast, '/v1/jobs', {
    body: { endpoint: '/v1/chat/completions', body, ...more },
  });
  if (answer.status !== 202) throw new Error(`submit: ${answer.status} ${await answer.text()}`);
  return json<JobView>(answer);
}

export const settled = (job: JobView): boolean =>
  ['succeeded', 'failed', 'canceled', 'expired'].includes(job.status);
