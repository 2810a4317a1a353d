// The clients of the mixed load: one for each shape of request. Sync callers and readers of streams
// are the official SDKs with their own retries.
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { setTimeout as sleep } from 'node:timers/promises';
import { type RequestNote } from '../notes';
import { type PlannedRequest } from '../plan/load-plan';
import { type Tenant } from '../system/tenants';
import { carefulFetch } from './careful-fetch';
import { type Noter, requestHeader } from './noter';

export interface CallersParts {
  readonly url: string;
  readonly noter: Noter;
  readonly tenant: Tenant;
  /** Where webhooks of this tenant go. */
  readonly endpointId: string;
  /** Aborted when the campaign does not wait for callers any longer. */
  readonly over: AbortSignal;
}

/** Of one try; there are up to three. */
const patienceMs = 40_000;
/** Of somebody who asks for a job left behind. */
const askingMs = 60_000;
const pollS = 10;

export class Callers {
  readonly #openai: OpenAI;
  readonly #anthropic: Anthropic;

  constructor(private readonly parts: CallersParts) {
    const { url, noter, tenant } = parts;
    const shared = { apiKey: tenant.key, timeout: patienceMs, fetch: noter.fetch };
    this.#openai = new OpenAI({ ...shared, baseURL: `${url}/v1` });
    this.#anthropic = new Anthropic({ ...shared, baseURL: url });
  }

  async sync(planned: PlannedRequest): Promise<boolean> {
    const options = { headers: this.#headers(planned), signal: this.parts.over };
    if (planned.surface === 'openai') {
      const body = { ...chatBody(planned), stream: false as const };
      return (await this.#openai.chat.completions.create(body, options)).choices.length > 0;
    }
    const body = { ...messagesBody(planned), stream: false as const };
    return (await this.#anthropic.messages.create(body, options)).content.length > 0;
  }

  async stream(planned: PlannedRequest): Promise<boolean> {
    const options = { headers: this.#headers(planned), signal: this.parts.over };
    let last = '';
    if (planned.surface === 'openai') {
      const body = { ...chatBody(planned), stream: true as const };
      const stream = await this.#openai.chat.completions.create(body, options);
      for await (const chunk of stream) last = chunk.choices[0]?.finish_reason ?? last;
    } else {
      const body = { ...messagesBody(planned), stream: true as const };
      const stream = await this.#anthropic.messages.create(body, options);
      for await (const event of stream) last = event.type;
    }
    return last !== '';
  }

  /** Left behind as a job; then asked for until it is there. */
  async async(planned: PlannedRequest, note: RequestNote): Promise<boolean> {
    const job = await this.#submit(planned);
    if (job === null) return false;
    const until = Date.now() + askingMs;
    while (Date.now() < until && !this.parts.over.aborted) {
      const path = `/v1/jobs/${job}?wait=${pollS}`;
      const answer = await this.#ask(planned, path).catch(() => null);
      const view = answer?.ok === true ? await answer.json() as { status?: string } : {};
      if (view.status === 'succeeded') return this.#takeResult(planned, note, job);
      if (['failed', 'canceled', 'expired'].includes(view.status ?? '')) return true;
    }
    return false;
  }

  /** Left behind; the webhook tells. */
  async webhook(planned: PlannedRequest): Promise<boolean> {
    const answer = await this.#post(planned, pathOf(planned), bodyOf(planned), {
      prefer: 'respond-async', 'holdfast-webhook': this.parts.endpointId,
    });
    return answer.status === 202 || answer.status === 200;
  }

  async repeat(planned: PlannedRequest): Promise<boolean> {
    const again = sleep(planned.delayMs).then(() => this.sync(planned));
    const both = await Promise.all([this.sync(planned), again]);
    return both.every(Boolean);
  }

  async cancel(planned: PlannedRequest): Promise<boolean> {
    const job = await this.#submit(planned);
    if (job === null) return false;
    await sleep(planned.delayMs);
    return (await this.#post(planned, `/v1/jobs/${job}/cancel`, {}, {})).ok;
  }

  /** Goes away while it waits: not to be answered is what it wants. */
  async leave(planned: PlannedRequest): Promise<boolean> {
    const url = `${this.parts.url}${pathOf(planned)}`;
    await this.parts.noter.fetch(url, {
      method: 'POST', headers: this.#headers(planned), body: JSON.stringify(bodyOf(planned)),
      signal: AbortSignal.timeout(planned.delayMs),
    }).catch(() => undefined);
    return true;
  }

  async #submit(planned: PlannedRequest): Promise<string | null> {
    const answer = await this.#post(planned, '/v1/jobs', {
      endpoint: pathOf(planned), body: bodyOf(planned), metadata: { request: planned.request },
    }, {});
    if (answer.status !== 202) return null;
    return (await answer.json() as { id: string }).id;
  }

  async #takeResult(planned: PlannedRequest, note: RequestNote, job: string): Promise<boolean> {
    const startedMs = Date.now();
    const answer = await this.#ask(planned, `/v1/jobs/${job}/result`);
    const body = await answer.text();
    note.result = {
      startedMs, endedMs: Date.now(), status: answer.status, job, body, complete: true, error: null,
    };
    return answer.ok;
  }

  /** Questions are not notes: they are asked as often as it takes. */
  async #ask(planned: PlannedRequest, path: string): Promise<Response> {
    return carefulFetch(fetch, `${this.parts.url}${path}`, {
      headers: this.#headers(planned),
      signal: AbortSignal.any([this.parts.over, AbortSignal.timeout(patienceMs)]),
    });
  }

  async #post(
    planned: PlannedRequest, path: string, body: object, headers: Record<string, string>,
  ): Promise<Response> {
    const { noter, url } = this.parts;
    return carefulFetch(noter.fetch, `${url}${path}`, {
      method: 'POST', headers: { ...this.#headers(planned), ...headers },
      body: JSON.stringify(body),
      signal: AbortSignal.any([this.parts.over, AbortSignal.timeout(patienceMs)]),
    });
  }

  #headers({ request, keyed }: PlannedRequest): Record<string, string> {
    return {
      authorization: `Bearer ${this.parts.tenant.key}`,
      'content-type': 'application/json',
      [requestHeader]: request,
      'holdfast-metadata': JSON.stringify({ request }),
      ...(keyed ? { 'idempotency-key': `key-${request}` } : {}),
    };
  }
}

function pathOf({ surface }: PlannedRequest): string {
  return surface === 'openai' ? '/v1/chat/completions' : '/v1/messages';
}

function bodyOf(planned: PlannedRequest): object {
  return planned.surface === 'openai' ? chatBody(planned) : messagesBody(planned);
}

function chatBody(planned: PlannedRequest) {
  const { model, tokensMax, request } = planned;
  return { model, max_tokens: tokensMax, user: request, messages: [message(planned)] };
}

function messagesBody(planned: PlannedRequest) {
  const { model, tokensMax, request } = planned;
  const metadata = { user_id: request };
  return { model, max_tokens: tokensMax, metadata, messages: [message(planned)] };
}

const words = 'so it was said and so it will be written down before anything else is done ';

function message({ request, promptChars }: PlannedRequest): { role: 'user'; content: string } {
  const filler = words.repeat(Math.ceil(promptChars / words.length)).slice(0, promptChars);
  return { role: 'user', content: `${request} ${filler}` };
}
