// Reads an inference request: who asks, what, and how it is to be treated. Only checks that need no
// history; everything else is the router's.
import { type FastifyRequest } from 'fastify';
import { mayUseModel } from '@libs/governance/access';
import { contentTreatment, type ContentTreatment } from '@libs/governance/content-policy';
import { type GovernanceState, type VirtualKey } from '@libs/governance/state';
import { maskJson } from '@libs/masking/mask-json';
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
  readonly treatment: ContentTreatment;
  /** Secrets that were masked in `bodyText`. */
  readonly masked: number;
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
  const { state } = edge.governance;
  const checked = checkBody({ key, endpoint, body, bodyText, options, state });
  if (isRefusal(checked)) return checked;
  const { headers } = request;
  const facts = conditionFacts(state, checked.body, headers);
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

/** A body that was read, and what was made of it. */
export type CheckedBody = Pick<Asked, 'bodyText' | 'inspection' | 'options' | 'treatment' | 'masked'>
  & { readonly body: JsonObject };

/** `fallbacks` in the body is ours: providers refuse fields that they do not know. */
export function checkBody(input: {
  key: VirtualKey; endpoint: Endpoint; body: JsonObject; bodyText: string; options: RequestOptions;
  state: GovernanceState;
}): CheckedBody | HttpRefusal {
  const { endpoint, key, state } = input;
  let { body, bodyText, options } = input;
  if (body.fallbacks !== undefined) {
    const fallbacks = checkFallbacks(body.fallbacks, 'fallbacks');
    if (isRefusal(fallbacks)) return fallbacks;
    body = { ...body, fallbacks: undefined };
    bodyText = JSON.stringify(body);
    options = { ...options, fallbacks: [...fallbacks as string[], ...options.fallbacks] };
  }
  const subject = options.subject ?? dataSubjectOf(body);
  if (subject !== options.subject) options = { ...options, subject };
  const model = typeof body.model === 'string' ? body.model : '';
  const treatment = contentTreatment(state, key.tenant, model);
  let masked = 0;
  if (treatment.masksSecrets) {
    const found = maskJson(bodyText, body, 'secrets');
    masked = found.count;
    if (masked > 0) [bodyText, body] = [found.text, found.value as JsonObject];
  }
  const inspection = inspect(endpoint, body);
  if (inspection.kind === 'refused') return inspection;
  return { body, bodyText, inspection, options, treatment, masked };
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
