// One request of the campaign: no retry, and answered means completely answered.
import { type RequestNote } from '../figures/notes';

export interface Asking {
  readonly url: string;
  readonly key: string;
  readonly model: string;
  /** Clock of the run, in ms since it began. */
  readonly now: () => number;
}

export interface Wish {
  /** Names it to the simulator, as its end user. */
  readonly request: string;
  readonly promptTokens: number;
  readonly outputTokens: number;
  readonly stream: boolean;
}

export interface Asked extends RequestNote {
  /** Calls that it took, as the answer says; null: it does not. */
  readonly attempts: number | null;
}

/** Ten times what the slowest answer of any scenario takes. */
const patienceMs = 60_000;

export async function ask(asking: Asking, wish: Wish): Promise<Asked> {
  const { request, stream, outputTokens } = wish;
  const startedMs = asking.now();
  const told = await tell(asking, wish).catch((error: unknown): Told => ({
    reason: nameOf(error), attempts: null,
  }));
  return {
    request, stream, outputTokens, startedMs, endedMs: asking.now(), answered: told.reason === '',
    ...told,
  };
}

type Told = Pick<Asked, 'reason' | 'attempts'>;

async function tell({ url, key, model }: Asking, wish: Wish): Promise<Told> {
  const { request, promptTokens, outputTokens, stream } = wish;
  const answer = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      model, stream, max_tokens: outputTokens, user: request,
      ...(stream ? { stream_options: { include_usage: true } } : {}),
      // Four characters are a token to the simulator.
      messages: [{ role: 'user', content: `${request} ${'word'.repeat(promptTokens)}` }],
    }),
    signal: AbortSignal.timeout(patienceMs),
  });
  const text = await answer.text();
  const said = { attempts: numberIn(answer, 'holdfast-attempts') };
  if (answer.status !== 200) return { ...said, reason: `${answer.status} ${codeOf(text)}` };
  const tokens = stream ? tokensOfStream(text) : tokensOf(text);
  if (typeof tokens === 'string') return { ...said, reason: tokens };
  return { ...said, reason: tokens === outputTokens ? '' : `${tokens} of ${outputTokens} tokens` };
}

interface Chunk {
  readonly usage?: { readonly completion_tokens?: number } | null;
  readonly error?: { readonly code?: string | null; readonly type?: string };
}

function tokensOf(text: string): number {
  return (JSON.parse(text) as Chunk).usage?.completion_tokens ?? 0;
}

/** A text says what is wrong with it. */
function tokensOfStream(text: string): number | string {
  const data = text.split('\n').filter((line) => line.startsWith('data: ')).map((line) => line.slice(6));
  const chunks = data.filter((line) => line !== '[DONE]').map((line) => JSON.parse(line) as Chunk);
  const error = chunks.find((chunk) => chunk.error !== undefined)?.error;
  if (error !== undefined) return `broke off: ${error.code ?? error.type ?? 'error'}`;
  if (data.at(-1) !== '[DONE]') return 'a stream without its end';
  return chunks.find((chunk) => typeof chunk.usage?.completion_tokens === 'number')
    ?.usage?.completion_tokens ?? 0;
}

function codeOf(text: string): string {
  try {
    const { error } = JSON.parse(text) as Chunk;
    return error?.code ?? error?.type ?? '';
  } catch {
    return 'without a JSON body';
  }
}

function numberIn(answer: Response, header: string): number | null {
  const value = answer.headers.get(header);
  return value === null ? null : Number(value);
}

function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error as { readonly cause?: { readonly code?: string } };
  return `${error.name}: ${cause?.code ?? error.message}`;
}
