// What can be told from one chunk of an OpenAI stream.
import { isObject, type JsonObject, objectOf } from '../json';

export const doneData = '[DONE]';

/** Carries something the model said; role-only chunks, pings and usage do not. */
export function isContentChunk(chunk: JsonObject): boolean {
  const { choices } = chunk;
  if (!Array.isArray(choices)) return false;
  return (choices as unknown[]).some((choice) => isObject(choice) && saysSomething(choice));
}

/** The extra chunk at the end that carries only usage. */
export function isUsageChunk(chunk: JsonObject): boolean {
  return Array.isArray(chunk.choices) && chunk.choices.length === 0 && isObject(chunk.usage);
}

function saysSomething(choice: JsonObject): boolean {
  if (typeof choice.text === 'string') return choice.text !== '';
  const delta = objectOf(choice.delta);
  for (const key in delta) {
    const value = delta[key];
    if (key === 'role' || value === null || value === undefined || value === '') continue;
    if (Array.isArray(value) && value.length === 0) continue;
    return true;
  }
  return false;
}
