// Reads an inference request: who asks, what, and how it is to be treated. Only checks that need no
// history; everything else is the router's.
import { type FastifyRequest } from 'fastify';
import { whoOf } from '@libs/governance/access';
import { contentTreatment, type ContentTreatment } from '@libs/governance/content-policy';
import { resolveModel } from '@libs/governance/models';
import { boundParams } from '@libs/governance/param-limits';
import { denialText, modelDenial, policiesOf } from '@libs/governance/policy';
import { type GovernanceState, type VirtualKey } from '@libs/governance/state';
import { maskJson } from '@libs/masking/mask-json';
import { inspect } from '@libs/surfaces/inspect';
import { type Inspection } from '@libs/surfaces/inspection';
import { dataSubjectOf } from '@libs/surfaces/data-subject';
import { isObject, type JsonObject } from '@libs/surfaces/json';
import { type Endpoint } from '@libs/surfaces/surface';
import { sha256Hex } from '@libs/log/content';
import { noteAsking } from './asking';
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
  /** Fields whose values were brought into the bounds of the key, its team or its customer. */
  readonly clamped: readonly string[];
  /** SHA-256 of the body as it came, where bounds changed it: what an idempotency key stands for. */
  readonly askedSha256: string | null;
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
  const checked = checkBody({ state, key, endpoint, body, bodyText, options });
  if (isRefusal(checked)) return checked;
  const { headers } = request;
  const { body: clean, ...what } = checked;
  const facts = conditionFacts(state, clean, headers);
  const asked = { ...what, key, endpoint, facts, passedHeaders: passedHeaders(headers) };
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
export interface Checked extends Pick<
  Asked, 'bodyText' | 'inspection' | 'options' | 'treatment' | 'masked' | 'clamped' | 'askedSha256'
> {
  /** As it came, without what was masked; not to be held while the request waits. */
  readonly body: JsonObject;
}

/** `fallbacks` in the body is ours: providers refuse fields that they do not know. */
export function checkBody(input: {
  state: GovernanceState; key: VirtualKey; endpoint: Endpoint; body: JsonObject; bodyText: string;
  options: RequestOptions;
}): Checked | HttpRefusal {
  const { state, key, endpoint } = input;
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
  const clean = treatment.masksSecrets ? maskJson(bodyText, body, 'secrets') : null;
  if (clean !== null) [bodyText, body] = [clean.text, clean.value as JsonObject];
  const bounded = boundParams(
    policiesOf(state, whoOf(key)), { endpoint, body }, () => calledModel(state, body.model));
  if (!bounded.ok) {
    return refusal(400, bounded.code, bounded.message, { param: bounded.param });
  }
  const inspection = inspect(endpoint, bounded.body);
  if (inspection.kind === 'refused') return inspection;
  const { clamped } = bounded;
  const checked = { inspection, options, clamped, treatment, body, masked: clean?.count ?? 0 };
  if (bounded.body === body) return { ...checked, bodyText, askedSha256: null };
  const askedSha256 = sha256Hex(bodyText);
  return { ...checked, bodyText: JSON.stringify(bounded.body), askedSha256 };
}

/** What most calls for this name will be sent to. */
function calledModel(state: GovernanceState, asked: unknown): string {
  if (typeof asked !== 'string') return '';
  const resolved = resolveModel(state, asked);
  return resolved.ok ? resolved.targets[0]?.model ?? asked : asked;
}

/** The rules of all levels, for what is asked and for what it may fall back to. */
export function mayAsk(
  edge: Edge, key: VirtualKey, asked: Pick<Asked, 'inspection' | 'options'>,
  request: FastifyRequest,
): HttpRefusal | null {
  const { model: wanted } = asked.inspection;
  noteAsking(request, key.id, wanted);
  const denied = modelDenied(edge.governance.state, key, asked);
  return denied === null ? null : edge.forbid(key, request, denied);
}

/** Why not; null: nothing of it is denied. */
export function modelDenied(
  state: GovernanceState, key: VirtualKey, asked: Pick<Asked, 'inspection' | 'options'>,
): string | null {
  const policies = policiesOf(state, whoOf(key));
  for (const model of [asked.inspection.model, ...asked.options.fallbacks]) {
    const denial = modelDenial(state, policies, model);
    if (denial === null) continue;
    return `This key may not use the model "${model}": ${denialText(denial)}. `
      + 'GET /v1/models lists what it may use.';
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
