// Whom a request is about, as its body says: the end user that both surfaces have fields for.
import { isObject, type JsonObject } from './json';

/** null: it names nobody. OpenAI's newer field goes before the older one. */
export function dataSubjectOf(body: JsonObject): string | null {
  const { metadata } = body;
  return named(body.safety_identifier) ?? named(body.user)
    ?? (isObject(metadata) ? named(metadata.user_id) : null);
}

function named(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
