// Masks the texts of a request or an answer of either surface, or of an error: every string of its
// JSON but names of things and encoded media.
import { type Masked } from './masked';
import { maskPersonal } from './personal';
import { maskSecrets } from './secrets';

/** `secrets` alone, or personal data with them. */
export type MaskedKinds = 'secrets' | 'all';

export interface MaskedJson extends Masked {
  /** The value of `text`. */
  readonly value: unknown;
}

/** What the text is, unchanged byte by byte when there is nothing to mask. */
export function maskJson(text: string, value: unknown, kinds: MaskedKinds): MaskedJson {
  const walk: Walk = { kinds, count: 0 };
  const masked = maskValue(walk, '', value);
  return walk.count === 0
    ? { text, value, count: 0 } : { text: JSON.stringify(masked), value: masked, count: walk.count };
}

export function maskText(text: string, kinds: MaskedKinds): Masked {
  const secrets = maskSecrets(text);
  if (kinds === 'secrets') return secrets;
  const personal = maskPersonal(secrets.text);
  return { text: personal.text, count: secrets.count + personal.count };
}

interface Walk {
  readonly kinds: MaskedKinds;
  count: number;
}

/** Names of things, which others refer to: never what somebody wrote. */
const names: ReadonlySet<string> = new Set([
  'model', 'role', 'type', 'id', 'object', 'tool_call_id', 'tool_use_id', 'finish_reason',
  'stop_reason', 'media_type', 'system_fingerprint',
]);
/** Where both surfaces have encoded media, and signed texts that a provider wants back as they were. */
const encoded: ReadonlySet<string> = new Set([
  'data', 'file_data', 'b64_json', 'signature', 'encrypted_content', 'url', 'image_url',
]);
const isBase64 = /^(?:data:[\w.+/-]{1,100};base64,)?[A-Za-z0-9+/_-]{64,}={0,2}$/;

function maskValue(walk: Walk, name: string, value: unknown): unknown {
  if (typeof value === 'string') return maskString(walk, name, value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => maskValue(walk, name, item));
  const masked: [string, unknown][] = [];
  for (const [key, item] of Object.entries(value)) masked.push([key, maskValue(walk, key, item)]);
  return Object.fromEntries(masked);
}

function maskString(walk: Walk, name: string, text: string): string {
  if (text.length < shortest || names.has(name)) return text;
  if (encoded.has(name) && isBase64.test(text)) return text;
  const masked = maskText(text, walk.kinds);
  walk.count += masked.count;
  return masked.text;
}

/** Nothing that is masked is shorter: a@b.io. */
const shortest = 6;
