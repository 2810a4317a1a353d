// Keeps what a request asks for within the bounds of its key, its team and its customer: refused by
// the first level that minds, or brought into the bounds where that level says so.
import { isGiven, type JsonObject } from '@libs/surfaces/json';
import { takesMaxCompletionTokens } from '@libs/surfaces/openai/models';
import type { Endpoint } from '@libs/surfaces/surface';
import type { Policy } from './policy';

export type Bounded =
  | {
      readonly ok: true;
      /** As it is to be sent: the same object where nothing was changed. */
      readonly body: JsonObject;
      /** Fields whose values were brought into bounds. */
      readonly clamped: readonly string[];
    }
  | { readonly ok: false; readonly param: string; readonly code: string; readonly message: string };

/** Fields that bound an answer, by endpoint; none: there is no text to bound. */
const tokenFields: Readonly<Record<Endpoint, readonly string[]>> = {
  '/v1/chat/completions': ['max_completion_tokens', 'max_tokens'],
  '/v1/completions': ['max_tokens'],
  '/v1/messages': ['max_tokens'],
  '/v1/messages/count_tokens': [],
  '/v1/embeddings': [],
};

/** What the API takes when a completion names no bound. */
const completionTokensDefault = 16;

/** `calledModel`: what the model that was asked for stands for, as far as that is known. */
export function boundParams(
  policies: readonly Policy[], asked: { readonly endpoint: Endpoint; readonly body: JsonObject },
  calledModel: () => string,
): Bounded {
  const bounding = policies.filter(({ params }) => params !== null);
  if (bounding.length === 0) return { ok: true, body: asked.body, clamped: [] };
  const { endpoint } = asked;
  const making: Making = { body: asked.body, clamped: [] };
  // Who refuses looks at what was asked for, not at what another level made of it.
  const ordered = bounding.toSorted((one, other) => rank(one) - rank(other));
  for (const policy of ordered) {
    const refusal = refusedParam(policy, asked.body) ?? boundTokens(policy, endpoint, making)
      ?? boundTemperature(policy, making);
    if (refusal !== null) return refusal;
  }
  giveBound(bounding, endpoint, making, calledModel);
  return { ok: true, body: making.body, clamped: [...new Set(making.clamped)] };
}

function rank({ params }: Policy): number {
  return params?.clamp === true ? 1 : 0;
}

interface Making {
  body: JsonObject;
  readonly clamped: string[];
}
type Refusal = Extract<Bounded, { ok: false }>;

function refusedParam({ level, id, params }: Policy, body: JsonObject): Refusal | null {
  const refused = params?.refused ?? [];
  const param = refused.find((name) => isGiven(body[name]));
  if (param === undefined) return null;
  return {
    ok: false, param, code: 'param_not_allowed',
    message: `'${param}' may not be used: ${level} ${id} refuses ${refused.join(', ')}. Leave it out.`,
  };
}

function boundTokens(policy: Policy, endpoint: Endpoint, making: Making): Refusal | null {
  const { level, id, params } = policy;
  const cap = params?.max_tokens;
  if (cap === undefined) return null;
  for (const param of tokenFields[endpoint]) {
    const wanted = making.body[param];
    if (typeof wanted !== 'number' || wanted <= cap) continue;
    if (params?.clamp !== true) {
      return {
        ok: false, param, code: 'over_cap',
        message: `'${param}' of ${wanted} is over the cap of ${cap} tokens of ${level} ${id}. `
          + `Ask for at most ${cap}.`,
      };
    }
    put(making, param, cap);
  }
  return null;
}

function boundTemperature({ level, id, params }: Policy, making: Making): Refusal | null {
  const range = params?.temperature;
  const { temperature: wanted } = making.body;
  if (range === undefined || typeof wanted !== 'number') return null;
  if (wanted >= range.min && wanted <= range.max) return null;
  if (params?.clamp !== true) {
    return {
      ok: false, param: 'temperature', code: 'out_of_range',
      message: `'temperature' of ${wanted} is out of the range of ${level} ${id}, which is `
        + `${range.min} to ${range.max}.`,
    };
  }
  put(making, 'temperature', wanted < range.min ? range.min : range.max);
  return null;
}

/** An answer whose request names no bound gets the least cap as its bound. */
function giveBound(
  policies: readonly Policy[], endpoint: Endpoint, making: Making, calledModel: () => string,
): void {
  const caps = policies.flatMap(({ params }) => params?.max_tokens ?? []);
  const fields = tokenFields[endpoint];
  if (caps.length === 0 || fields.some((name) => isGiven(making.body[name]))) return;
  const cap = Math.min(...caps);
  if (endpoint === '/v1/completions' && cap >= completionTokensDefault) return;
  const named = endpoint !== '/v1/chat/completions' ? fields[0]
    : takesMaxCompletionTokens(calledModel()) ? 'max_completion_tokens' : 'max_tokens';
  // Messages name their bound themselves, or are refused for it.
  if (named !== undefined && endpoint !== '/v1/messages') {
    making.body = { ...making.body, [named]: cap };
  }
}

function put(making: Making, param: string, value: number): void {
  making.body = { ...making.body, [param]: value };
  making.clamped.push(param);
}
