// Calls the public API for the commands.
import { Failure } from './failure';
import { type Access } from './access';

export interface ApiCall {
  readonly path: string;
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** Long polls may take this long and a little more. */
const defaultTimeoutMs = 60_000;

/** Any answer of the server, refusals too. @throws Failure when it cannot be reached. */
export async function callApi(access: Access, call: ApiCall): Promise<ApiAnswer> {
  let response: Response;
  try {
    response = await fetch(access.url + call.path, {
      method: call.method ?? 'GET',
      headers: {
        authorization: `Bearer ${access.key}`,
        ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...call.headers,
      },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      signal: AbortSignal.timeout(call.timeoutMs ?? defaultTimeoutMs),
    });
  } catch (error) {
    const { message, cause } = error as { message: string; cause?: { message?: string } };
    throw new Failure(`${access.url} cannot be reached: ${cause?.message ?? message}`);
  }
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: parsed(text) };
}

/** As `callApi`, for calls that must succeed. @throws Failure with the server's own words. */
export async function callApiOk(access: Access, call: ApiCall): Promise<ApiAnswer> {
  const answer = await callApi(access, call);
  okBody(answer);
  return answer;
}

/** @throws Failure with the server's own words when it refused. */
export function okBody({ status, body }: ApiAnswer): unknown {
  if (status < 400) return body;
  const { error } = body as { error?: { message?: string } };
  throw new Failure(`${status}: ${error?.message ?? JSON.stringify(body)}`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
