// What the conditions of routes may ask about a request, copied into the submission: the router has
// neither its body nor its headers. Only where a route has conditions, and only what they can name.
import { type IncomingHttpHeaders } from 'node:http';
import { type Catalogue } from '@libs/events/catalogue';
import { type GovernanceState } from '@libs/governance/state';
import { type JsonObject } from '@libs/surfaces/json';

export type ConditionFacts = NonNullable<Catalogue['JobSubmitted']['facts']>;

/** Longer texts are content, and content has no place among facts. */
const textCharsMax = 200;
const fieldsMax = 32;
const secretHeaders: ReadonlySet<string> = new Set([
  'authorization', 'x-api-key', 'api-key', 'cookie', 'proxy-authorization',
]);
const headerInCondition = /headers(?:\[\s*["']([A-Za-z0-9-]+)["']\s*\]|\.([A-Za-z0-9_]+))/g;

/** Names of headers by the state whose routes ask for them; null: no route has conditions. */
const asked = new WeakMap<GovernanceState, readonly string[] | null>();

export function conditionFacts(
  state: GovernanceState, body: JsonObject, headers: IncomingHttpHeaders,
): ConditionFacts | null {
  let names = asked.get(state);
  if (names === undefined) asked.set(state, names = headersAsked(state));
  if (names === null) return null;
  const named: Record<string, string> = {};
  for (const name of names) {
    const value = headers[name];
    if (typeof value === 'string') named[name] = value.slice(0, textCharsMax);
  }
  return { request: plainFields(body), headers: named };
}

/** Numbers, truth values and short texts of the body's first level: temperature, max_tokens, user … */
function plainFields(body: JsonObject): ConditionFacts['request'] {
  const fields: ConditionFacts['request'] = {};
  let count = 0;
  for (const [name, value] of Object.entries(body)) {
    if (count === fieldsMax) break;
    const isPlain = typeof value === 'number' || typeof value === 'boolean'
      || (typeof value === 'string' && value.length <= textCharsMax);
    if (!isPlain || name === 'prompt' || name === 'input' || name === 'system') continue;
    fields[name] = value;
    count += 1;
  }
  return fields;
}

function headersAsked(state: GovernanceState): readonly string[] | null {
  const conditions = [...state.routes.values()].flatMap(({ rules }) => rules ?? []);
  if (conditions.length === 0) return null;
  const names = conditions.flatMap(({ when }) =>
    [...when.matchAll(headerInCondition)].map(([, quoted, dotted]) => quoted ?? dotted ?? ''));
  return [...new Set(names.map((name) => name.toLowerCase()))]
    .filter((name) => !secretHeaders.has(name));
}
