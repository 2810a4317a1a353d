// Reads an inference request: who asks, what, and how it is to be treated. Only checks that need no
// history; everything else is the router's.
import { type FastifyRequest } from 'fastify';
import { mayUseModel } from '@libs/governance/access';
import { type VirtualKey } from '@libs/governance/state';
import { inspect } from '@libs/surfaces/inspect';
import { type Inspection } from '@libs/surfaces/inspection';
import { dataSubjectOf } from '@libs/surfaces/data-subject';
import { isObject, type JsonObject } from '@libs/surfaces/json';
import { type Endpoint } from '@libs/surfaces/surface';
import { type ConditionFacts, conditionFacts } from './condition-facts';
import { type Edge } from './edge';
import { type HttpRefusal, isRefusal, refusal } from './refusal';
import { checkFallbacks, parseOptions, type RequestOptions } from './request-options';

export interface Asked {
  readonly key: VirtualKey;
  readonly endpoint: Endpoint;
  readonly bodyText: string;
  readonly inspection: Inspection;
  readonly options: RequestOptions;
  readonly passedHeaders: Readonly<Record<string, string>>;
  readonly facts: ConditionFacts | null;
  /** Of a job that is run again, whose data subject is known by its name alone. */
  readonly subjectName?: string;
}

export function readRequest(
  edge: Edge, endpoint: Endpoint, request: FastifyRequest,
): Asked | HttpRefusal {
  const key = edge.authenticate(request);
  if (isRefusal(key)) return key;
  const options = parseOptions(request.headers);
  if (isRefusal(options)) return options;
  if (!options.respondAsync && options.waitS === null) {
    const full = edge.admission.refuseWaiting();
    if (full !== null) return full;
  }
  const bodyText = bodyTextOf(request);
  const body = parseBody(bodyText);
  if (isRefusal(body)) return body;
  const checked = checkBody({ key, endpoint, body, bodyText, options });
  if (isRefusal(checked)) return checked;
  const { headers } = request;
  const facts = conditionFacts(edge.governance.state, body, headers);
  const asked = { ...checked, key, endpoint, facts, passedHeaders: passedHeaders(headers) };
  return mayAsk(edge, key, asked, request) ?? asked;
}

/** The body as it came; the parser of content types leaves it alone. */
export function bodyTextOf(request: FastifyRequest): string {
  return Buffer.isBuffer(request.body) ? request.body.toString('utf8') : '';
}

export function parseBody(text: string): JsonObject | HttpRefusal {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (error) {
    const why = text === '' ? 'it is empty' : (error as Error).message;
    return refusal(400, 'invalid_json', `The body is not valid JSON: ${why}.`);
  }
  return isObject(body) ? body : refusal(400, 'invalid_json', 'The body must be a JSON object.');
}

/** `fallbacks` in the body is ours: providers refuse fields that they do not know. */
export function checkBody(input: {
  key: VirtualKey; endpoint: Endpoint; body: JsonObject; bodyText: string; options: RequestOptions;
}): Pick<Asked, 'bodyText' | 'inspection' | 'options'> | HttpRefusal {
  const { endpoint, body } = input;
  let { bodyText, options } = input;
  if (body.fallbacks !== undefined) {
    const fallbacks = checkFallbacks(body.fallbacks, 'fallbacks');
    if (isRefusal(fallbacks)) return fallbacks;
    bodyText = JSON.stringify({ ...body, fallbacks: undefined });
    options = { ...options, fallbacks: [...fallbacks as string[], ...options.fallbacks] };
  }
  const subject = options.subject ?? dataSubjectOf(body);
  if (subject !== options.subject) options = { ...options, subject };
  const inspection = inspect(endpoint, body);
  if (inspection.kind === 'refused') return inspection;
  return { bodyText, inspection, options };
}

/** The key's own list of models, for what is asked and for what it may fall back to. */
export function mayAsk(
  edge: Edge, key: VirtualKey, asked: Pick<Asked, 'inspection' | 'options'>,
  request: FastifyRequest,
): HttpRefusal | null {
  for (const model of [asked.inspection.model, ...asked.options.fallbacks]) {
    if (!mayUseModel(key, model)) {
      return edge.forbid(key, request, `This key may not use the model "${model}".`);
    }
  }
  return null;
}

const passedOn = ['anthropic-version', 'anthropic-beta', 'openai-beta', 'traceparent'] as const;

export function passedHeaders(
  headers: FastifyRequest['headers'],
): Readonly<Record<string, string>> {
  const passed: Record<string, string> = {};
  for (const name of passedOn) {
    const value = headers[name];
    if (typeof value === 'string') passed[name] = value;
  }
  return passed;
}
