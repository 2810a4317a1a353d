// Makes a JSON value that fits a JSON Schema: the arguments of a tool call, a structured answer.
import { type Json, type JsonObject, asArray, asCount, asObject, asString, isObject } from './json';

/** Deeper than any hand-written tool schema; ends recursive ones. */
const DEPTH_MAX = 12;

export function sampleOf(schema: Json | undefined, hint: string): Json {
  return sample(asObject(schema), { hint, root: asObject(schema), depth: 0 });
}

interface Context {
  hint: string;
  root: JsonObject;
  depth: number;
}

function sample(schema: JsonObject, at: Context): Json {
  if (at.depth > DEPTH_MAX) return null;
  const deeper = { ...at, depth: at.depth + 1 };
  const reference = asString(schema.$ref);
  if (reference !== undefined) return sample(resolve(reference, at.root), deeper);
  if (schema.const !== undefined) return schema.const;
  const first = asArray(schema.enum)[0];
  if (first !== undefined) return first;
  if (schema.default !== undefined) return schema.default;
  const option = alternatives(schema)[0];
  if (option !== undefined) return sample(asObject(option), deeper);
  if (Array.isArray(schema.allOf)) return sampleAll(schema, deeper);
  return sampleType(schema, deeper);
}

function sampleType(schema: JsonObject, at: Context): Json {
  const types = Array.isArray(schema.type) ? schema.type : [schema.type];
  switch (asString(types.find((one) => one !== 'null')) ?? '') {
    case 'string':
      return sampleString(schema, at.hint);
    case 'integer':
    case 'number':
      return typeof schema.minimum === 'number' ? schema.minimum : 1;
    case 'boolean':
      return true;
    case 'array':
      return Array.from({ length: Math.min(Math.max(1, asCount(schema.minItems) ?? 1), 64) },
        () => sample(asObject(schema.items), at));
    default:
      return sampleObject(schema, at);
  }
}

function sampleObject(schema: JsonObject, at: Context): JsonObject {
  const out: JsonObject = {};
  for (const [name, property] of Object.entries(asObject(schema.properties))) {
    out[name] = sample(asObject(property), { ...at, hint: `${name} of ${at.hint}` });
  }
  return out;
}

function sampleAll(schema: JsonObject, at: Context): Json {
  const merged: JsonObject = sampleObject(schema, at);
  for (const part of asArray(schema.allOf)) {
    const value = sample(asObject(part), at);
    if (!isObject(value)) return value;
    Object.assign(merged, value);
  }
  return merged;
}

function sampleString(schema: JsonObject, hint: string): string {
  switch (asString(schema.format) ?? '') {
    case 'date-time':
      return '2025-01-01T00:00:00Z';
    case 'date':
      return '2025-01-01';
    case 'email':
      return 'someone@example.com';
    case 'uri':
      return 'https://example.com/';
    case 'uuid':
      return '00000000-0000-4000-8000-000000000000';
    default:
      return fitted(hint, asCount(schema.minLength) ?? 0, asCount(schema.maxLength) ?? 64);
  }
}

function fitted(hint: string, min: number, max: number): string {
  return hint.slice(0, max).padEnd(Math.min(min, 4096), '.');
}

function alternatives(schema: JsonObject): Json[] {
  const options = [...asArray(schema.anyOf), ...asArray(schema.oneOf)];
  return options.filter((one) => asObject(one).type !== 'null');
}

function resolve(reference: string, root: JsonObject): JsonObject {
  let at: Json | undefined = root;
  for (const name of reference.replace(/^#\/?/, '').split('/')) {
    if (name !== '') at = asObject(at)[name];
  }
  return asObject(at);
}
