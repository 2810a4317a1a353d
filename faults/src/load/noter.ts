// Notes every HTTP exchange of a client as it saw it, retries of the official SDKs included: their
// `fetch` is this one, and a header of ours says which request an exchange belongs to.
import { type RequestNote, type Try } from '../notes';

/** Travels to the product too, which does not know it and lets it be. */
export const requestHeader = 'x-campaign-request';

type NewRequest = Pick<
  RequestNote, 'request' | 'shape' | 'tenant' | 'surface' | 'stream'
>;

export class Noter {
  readonly notes = new Map<string, RequestNote>();
  readonly #reading = new Set<Promise<void>>();

  begin(note: NewRequest): RequestNote {
    const full: RequestNote = {
      ...note, startedMs: Date.now(), endedMs: Infinity, tries: [], result: null, answered: false,
    };
    this.notes.set(note.request, full);
    return full;
  }

  /** Resolves when no exchange is being read any more. */
  async settled(): Promise<void> {
    while (this.#reading.size > 0) await Promise.all(this.#reading);
  }

  /** For the SDKs, and for everything else that calls. */
  readonly fetch = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const name = new Headers(init?.headers).get(requestHeader) ?? '';
    const note = this.notes.get(name);
    if (note === undefined) throw new Error(`an exchange of no request (${name})`);
    const startedMs = Date.now();
    let response: Response;
    try {
      response = await fetch(input, init);
    } catch (error) {
      note.tries.push(tryOf({ startedMs, response: null, body: '', error: textOf(error) }));
      throw error;
    }
    if (response.body === null) {
      note.tries.push(tryOf({ startedMs, response, body: '', error: null }));
      return response;
    }
    const [forClient, forNote] = response.body.tee();
    const reading = readAll(forNote).then(({ body, error }) => {
      note.tries.push(tryOf({ startedMs, response, body, error }));
      this.#reading.delete(reading);
    });
    this.#reading.add(reading);
    const { status, statusText, headers } = response;
    return new Response(forClient, { status, statusText, headers });
  };
}

async function readAll(
  stream: ReadableStream<Uint8Array>,
): Promise<{ body: string; error: string | null }> {
  const decoder = new TextDecoder();
  const reader = stream.getReader();
  let body = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return { body: body + decoder.decode(), error: null };
      body += decoder.decode(value, { stream: true });
    }
  } catch (error) {
    return { body, error: textOf(error) };
  }
}

function tryOf(seen: {
  readonly startedMs: number; readonly response: Response | null; readonly body: string;
  readonly error: string | null;
}): Try {
  const { startedMs, response, body, error } = seen;
  return {
    startedMs, endedMs: Date.now(), status: response?.status ?? null,
    job: response?.headers.get('holdfast-job-id') ?? null,
    body, complete: error === null, error,
  };
}

function textOf(error: unknown): string {
  const { message, cause } = error as { message?: string; cause?: { message?: string } };
  return [message, cause?.message].filter((part) => part !== undefined).join(': ');
}
