// A JSON schema as far as Anthropic's structured outputs take one. What they cannot enforce goes
// into the description, where the model still reads it (as Anthropic's own SDK does).
import { isObject, type JsonObject, objectOf } from '../json';

const stringFormats: ReadonlySet<unknown> = new Set([
  'date-time', 'time', 'date', 'duration', 'email', 'hostname', 'uri', 'ipv4', 'ipv6', 'uuid',
]);

const kept: ReadonlySet<string> = new Set([
  '$ref', 'enum', 'const', 'type', 'description', 'title', 'required', 'default',
]);

export function anthropicSchema(schema: JsonObject): JsonObject {
  const out: JsonObject = {};
  const spoken: JsonObject = {};
  for (const [key, value] of Object.entries(schema)) {
    if (key === '$schema' || key === 'additionalProperties' || key === 'strict') continue;
    const translated = keyword(key, value);
    if (translated === undefined) spoken[key] = value;
    else out[key === 'oneOf' ? 'anyOf' : key] = translated;
  }
  if (schema.type === 'object' || isObject(schema.properties)) {
    out.properties ??= {};
    out.additionalProperties = false;
  }
  if (Object.keys(spoken).length === 0) return out;
  const before = typeof schema.description === 'string' ? `${schema.description}\n\n` : '';
  out.description = `${before}${JSON.stringify(spoken)}`;
  return out;
}

/** True where every object closes itself and requires all it names: what `strict` asks for. */
export function isStrictSchema(schema: unknown): boolean {
  if (Array.isArray(schema)) return schema.every(isStrictSchema);
  if (!isObject(schema)) return true;
  if (schema.type === 'object' || isObject(schema.properties)) {
    const names = Object.keys(objectOf(schema.properties));
    const required = new Set(Array.isArray(schema.required) ? schema.required : []);
    if (schema.additionalProperties !== false) return false;
    if (!names.every((name) => required.has(name))) return false;
  }
  return Object.values(schema).every(isStrictSchema);
}

/** The keyword's value as it may be sent; undefined: it can only be told in words. */
function keyword(key: string, value: unknown): unknown {
  if (kept.has(key)) return value;
  if (key === 'properties' || key === '$defs' || key === 'definitions') {
    const entries = Object.entries(objectOf(value));
    return Object.fromEntries(entries.map(([name, item]) => [name, inner(item)]));
  }
  if (key === 'anyOf' || key === 'oneOf' || key === 'allOf') {
    return Array.isArray(value) ? value.map(inner) : undefined;
  }
  if (key === 'items') return inner(value);
  if (key === 'format' && stringFormats.has(value)) return value;
  return key === 'minItems' && (value === 0 || value === 1) ? value : undefined;
}

function inner(value: unknown): unknown {
  return isObject(value) ? anthropicSchema(value) : value;
}
