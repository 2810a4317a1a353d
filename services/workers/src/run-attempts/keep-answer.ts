// Seals what a provider answered by the key of what it was asked, and keeps beside it what the policy
// of the request keeps: a redacted copy, or a hash.
import { type DataKey } from '@libs/content-keys/data-key';
import { sealContent, sealInline } from '@libs/content-keys/sealed-content';
import { type ContentRef } from '@libs/events/content';
import { isFault } from '@libs/faults/faults';
import { type PreparedContent, sha256Hex } from '@libs/log/content';
import { maskJson, maskText } from '@libs/masking/mask-json';
import { parseJson } from '@libs/surfaces/json';
import { keepTrying } from '../shared/keep-trying';
import { type ContentDeps } from './request-body';

/** `body`: what was asked, which says how it is kept. Waits for a log that is away. */
export async function keepAnswer(
  deps: ContentDeps, body: ContentRef, key: DataKey | null, text: string,
): Promise<PreparedContent> {
  const content = await seal(deps, text, key);
  if (body.plain_sha256 !== undefined) {
    return { ...content, ref: { ...content.ref, plain_sha256: sha256Hex(text) } };
  }
  if (body.redacted === undefined) return content;
  const copy = await redactedCopy(deps, body.redacted, text);
  if (copy === null) return content;
  return {
    ref: { ...content.ref, redacted: copy.ref }, lines: [...content.lines, ...copy.lines],
  };
}

/** Without what the policy keeps beside it: for what is not the end. */
export async function seal(
  { log }: ContentDeps, text: string, key: DataKey | null,
): Promise<PreparedContent> {
  return sealInline(text, key) ?? await keepTrying(() => sealContent(log, text, key), never);
}

/** null: the subject was erased meanwhile. */
async function redactedCopy(
  deps: ContentDeps, redacted: ContentRef, text: string,
): Promise<PreparedContent | null> {
  try {
    const key = await keepTrying(() => deps.keys.keyOfContent(redacted), never);
    const value = parseJson(text);
    const masked = value === undefined ? maskText(text, 'all') : maskJson(text, value, 'all');
    return await seal(deps, masked.text, key);
  } catch (error) {
    if (isFault(error, 'content_erased') || isFault(error, 'content_key_missing')
      || isFault(error, 'content_not_kept')) return null;
    throw error;
  }
}

/** An outcome is kept for as long as the process lives. */
const never = (): boolean => false;
