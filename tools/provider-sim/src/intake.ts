// Takes a call in: opens its ledger record, finds its behaviour, checks what a provider checks.
import { type IncomingMessage, type ServerResponse } from 'node:http';
import { errorOf } from './behaviour';
import { type Call, type Complaint, type Surface } from './call';
import { parseDirectives } from './directives';
import { type JsonObject, asObject, asString, parseObject } from './json';
import { type Ledger, type LedgerRecord } from './ledger';
import { promptHas, readPrompt } from './prompt';
import { type Provider, nextBehaviour, settle } from './provider';
import { type BodyResult } from './read-body';
import { type Endpoint, surfaceOf } from './routes';

/** What all calls of one server share. */
export interface Floor {
  ledger: Ledger;
  /** Makes ids unique over restarts. */
  bootId: string;
  requireKey: boolean;
  now: () => number;
}

export interface Arrival {
  req: IncomingMessage;
  res: ServerResponse;
  provider: Provider;
  /** Undefined: a path that the APIs do not have. */
  endpoint: Endpoint | undefined;
  path: string;
  modelAsked: string | undefined;
  body: BodyResult;
}

export interface Intake {
  call: Call;
  record: LedgerRecord;
  /** Why it is not answered: the caller's mistake, else the error that the behaviour asks for. */
  complaint: Complaint | undefined;
}

/** Length of an answer when nobody asked for one. */
const TOKENS_DEFAULT = 32;

export function takeIn(floor: Floor, arrival: Arrival): Intake {
  const { req, provider, endpoint } = arrival;
  const surface = surfaceOf(endpoint, req.headers['anthropic-version'] !== undefined);
  const parsed = arrival.body.kind === 'text' ? parseObject(arrival.body.text) : undefined;
  const body = parsed ?? {};
  const seen: Seen = {
    surface, parsed, credential: credentialOf(req), stream: body.stream === true,
    model: arrival.modelAsked ?? asString(body.model) ?? '',
    user: asString(body.user) ?? asString(asObject(body.metadata).user_id) ?? '',
  };
  const record = openRecord(floor, arrival, seen);
  const prompt = readPrompt(body);
  const scripted = nextBehaviour(provider, {
    endpoint: arrival.path, costsMoney: costsMoney(endpoint), model: seen.model,
    stream: seen.stream, credential: seen.credential, promptHas: (part) => promptHas(prompt, part),
  });
  const asked = parseDirectives(header(req, 'x-sim'));
  const behaviour = typeof asked === 'string' ? {} : { ...scripted, ...asked };
  record.fault = behaviour.fault ?? '';
  const call = {
    provider, surface, behaviour, body, prompt, model: seen.model,
    id: `${floor.bootId}${record.sequence.toString(36)}`,
    createdS: Math.floor(record.timeMs / 1000),
    tokensWanted: Math.floor(settle(provider, behaviour.tokens, TOKENS_DEFAULT)),
  };
  const complaint: Complaint | undefined = typeof asked === 'string'
    ? { error: 'bad_request', message: asked } : requestProblem(floor, arrival, seen);
  return { call, record, complaint: complaint ?? scriptedError(call) };
}

interface Seen {
  surface: Surface;
  parsed: JsonObject | undefined;
  credential: string;
  stream: boolean;
  model: string;
  user: string;
}

function openRecord(floor: Floor, { req, provider, path }: Arrival, seen: Seen): LedgerRecord {
  return floor.ledger.open({
    provider: provider.name, timeMs: floor.now(), key: seen.credential.slice(-4),
    attempt: header(req, 'x-client-request-id'), user: seen.user, endpoint: path,
    model: seen.model, stream: seen.stream,
  });
}

function costsMoney(endpoint: Endpoint | undefined): boolean {
  return endpoint !== undefined && endpoint !== '/v1/models'
    && endpoint !== '/v1/messages/count_tokens';
}

function scriptedError({ behaviour }: Call): Complaint | undefined {
  const error = errorOf(behaviour);
  return error === undefined ? undefined : { error };
}

function requestProblem(floor: Floor, arrival: Arrival, seen: Seen): Complaint | undefined {
  const { endpoint, req, path } = arrival;
  if (endpoint === undefined || (endpoint === '/v1/models') !== (req.method === 'GET')) {
    const message = `Unknown request URL: ${req.method ?? ''} ${path}.`;
    return { error: 'not_found', message };
  }
  if (floor.requireKey && seen.credential === '') {
    return { error: 'unauthorized', message: "You didn't provide an API key." };
  }
  if (endpoint === '/v1/models') return undefined;
  if (arrival.body.kind === 'too-large') {
    return { error: 'bad_request', message: 'Request exceeds the maximum size' };
  }
  if (seen.parsed === undefined) {
    return { error: 'bad_request', message: 'We could not parse the JSON body of your request.' };
  }
  if (typeof seen.parsed.model !== 'string') {
    const message = seen.surface === 'openai'
      ? 'you must provide a model parameter' : 'model: Field required';
    return { error: 'bad_request', message };
  }
  return undefined;
}

function credentialOf({ headers }: IncomingMessage): string {
  if (headers.authorization !== undefined) return headers.authorization.replace(/^Bearer /i, '');
  const key = headers['x-api-key'] ?? headers['api-key'] ?? headers['x-goog-api-key'];
  return typeof key === 'string' ? key : '';
}

function header(req: IncomingMessage, name: string): string {
  const value = req.headers[name];
  return typeof value === 'string' ? value : '';
}
