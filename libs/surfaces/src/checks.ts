// Plain checks of a request's shape: the first thing wrong, with the parameter it is about. Written
// as code and not as a schema, since they run on every request and unknown fields must stay.
import { isGiven, isObject, type JsonObject } from './json';

export interface Refusal {
  readonly kind: 'refused';
  readonly status: 400;
  readonly param: string;
  readonly code: string;
  readonly message: string;
}

export function refuse(param: string, message: string, code = 'invalid_value'): Refusal {
  return { kind: 'refused', status: 400, param, code, message };
}

export function missing(param: string): Refusal {
  return refuse(param, `Missing required parameter: '${param}'.`, 'missing_required_parameter');
}

export function wrongType(param: string, wanted: string): Refusal {
  return refuse(param, `Invalid type for '${param}': expected ${wanted}.`, 'invalid_type');
}

export function checkModel(body: JsonObject): Refusal | null {
  if (!isGiven(body.model)) return missing('model');
  if (typeof body.model !== 'string') return wrongType('model', 'a string');
  return body.model.trim() === '' ? refuse('model', "'model' must not be empty.") : null;
}

export function checkBoolean(body: JsonObject, param: string): Refusal | null {
  const value = body[param];
  return isGiven(value) && typeof value !== 'boolean' ? wrongType(param, 'a boolean') : null;
}

export interface NumberRule {
  readonly min: number;
  readonly max?: number;
  readonly whole?: boolean;
}

export function checkNumber(body: JsonObject, param: string, rule: NumberRule): Refusal | null {
  const value = body[param];
  if (!isGiven(value)) return null;
  if (typeof value !== 'number') {
    return wrongType(param, rule.whole === true ? 'an integer' : 'a number');
  }
  if (rule.whole === true && !Number.isInteger(value)) return wrongType(param, 'an integer');
  if (rule.whole === true && value > Number.MAX_SAFE_INTEGER) {
    return refuse(param, `'${param}' must be at most ${Number.MAX_SAFE_INTEGER}.`);
  }
  if (value < rule.min) return refuse(param, `'${param}' must be at least ${rule.min}.`);
  if (rule.max !== undefined && value > rule.max) {
    return refuse(param, `'${param}' must be at most ${rule.max}.`);
  }
  return null;
}

export function checkObjects(body: JsonObject, param: string): Refusal | null {
  const value = body[param];
  if (!isGiven(value)) return null;
  if (!Array.isArray(value)) return wrongType(param, 'an array');
  const wrong = value.findIndex((item) => !isObject(item));
  return wrong === -1 ? null : wrongType(`${param}[${wrong}]`, 'an object');
}

/** `messages`: a non-empty array of objects with a known role and a content of text or parts. */
export function checkMessages(body: JsonObject, roles: ReadonlySet<string>): Refusal | null {
  if (!isGiven(body.messages)) return missing('messages');
  if (!Array.isArray(body.messages)) return wrongType('messages', 'an array');
  if (body.messages.length === 0) {
    return refuse('messages', "'messages' must have at least one message.", 'empty_array');
  }
  for (const [index, message] of (body.messages as unknown[]).entries()) {
    const refusal = checkMessage(message, `messages[${index}]`, roles);
    if (refusal !== null) return refusal;
  }
  return null;
}

function checkMessage(
  message: unknown, path: string, roles: ReadonlySet<string>,
): Refusal | null {
  if (!isObject(message)) return wrongType(path, 'an object');
  if (typeof message.role !== 'string') return missing(`${path}.role`);
  if (!roles.has(message.role)) {
    const known = [...roles].join(', ');
    return refuse(`${path}.role`, `Unknown role '${message.role}'; known are ${known}.`);
  }
  const { content } = message;
  if (!isGiven(content)) {
    // An assistant message may consist of tool calls alone.
    return message.role === 'assistant' ? null : missing(`${path}.content`);
  }
  if (typeof content === 'string') return null;
  if (!Array.isArray(content)) {
    return wrongType(`${path}.content`, 'a string or an array of parts');
  }
  const wrong = (content as unknown[]).findIndex(
    (part) => !isObject(part) || typeof part.type !== 'string',
  );
  return wrong === -1 ? null : wrongType(`${path}.content[${wrong}]`, 'an object with a type');
}

export function firstRefusal(checks: readonly (() => Refusal | null)[]): Refusal | null {
  for (const check of checks) {
    const refusal = check();
    if (refusal !== null) return refusal;
  }
  return null;
}
