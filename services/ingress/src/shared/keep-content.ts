// Seals the body of a request as its policy says: under the subject's standing key, or under one that
// is destroyed when its time is over; with a redacted copy, or a hash, where that is what stays.
import { keptUntil, neededUntil, type WhatIsNeeded } from '@libs/content-keys/kept-until';
import { sealContent } from '@libs/content-keys/sealed-content';
import { timedName } from '@libs/content-keys/timed-name';
import { type DataKey } from '@libs/content-keys/data-key';
import { type ContentTreatment } from '@libs/governance/content-policy';
import { type PreparedContent, sha256Hex } from '@libs/log/content';
import { maskJson } from '@libs/masking/mask-json';
import { type Edge } from './edge';
import { type Asked } from './read-request';
import { type SubjectKey } from './submission';

export interface KeptContent {
  readonly content: PreparedContent;
  /** null: content is not sealed. */
  readonly subject: SubjectKey | null;
}

/** @throws Fault log_unavailable, log_full, too_large */
export async function keepContent(
  edge: Edge, asked: Asked, needed: WhatIsNeeded,
): Promise<KeptContent> {
  const { treatment, bodyText } = asked;
  const { policy, keepDays } = treatment;
  const keepsAll = policy === 'full' && keepDays === null;
  if (keepsAll && !edge.governance.state.sealsContent) {
    return { content: await sealContent(edge.log, bodyText, null), subject: null };
  }
  const { names } = edge.subjectKeys;
  const name = asked.subjectName ?? names.nameOf(asked.key.tenant, asked.options.subject);
  const key = await keyNamed(edge, name);
  const subject = { name, key };
  if (keepsAll) return { content: await sealContent(edge.log, bodyText, key), subject };
  return { content: await keepByPolicy(edge, asked, { subject, needed }), subject };
}

async function keepByPolicy(
  edge: Edge, { treatment, bodyText }: Asked,
  { subject, needed }: { readonly subject: SubjectKey; readonly needed: WhatIsNeeded },
): Promise<PreparedContent> {
  const { policy } = treatment;
  const kept = await keyThatStays(edge, subject, treatment);
  if (policy === 'full') return sealContent(edge.log, bodyText, kept);
  const untilMs = neededUntil(edge.tempo, needed);
  const key = await keyNamed(edge, timedName(subject.name, { kind: policy, untilMs }));
  const { ref, lines } = await sealContent(edge.log, bodyText, key);
  if (policy === 'none') return { ref, lines };
  if (policy === 'hash') return { ref: { ...ref, plain_sha256: sha256Hex(bodyText) }, lines };
  const masked = maskJson(bodyText, JSON.parse(bodyText), 'all');
  const copy = await sealContent(edge.log, masked.text, kept);
  return { ref: { ...ref, redacted: copy.ref }, lines: [...lines, ...copy.lines] };
}

async function keyThatStays(
  edge: Edge, { name, key }: SubjectKey, { keepDays }: ContentTreatment,
): Promise<DataKey> {
  if (keepDays === null) return key;
  const untilMs = keptUntil(edge.tempo, edge.now(), keepDays);
  return keyNamed(edge, timedName(name, { kind: 'kept', untilMs }));
}

/** Of a known name without waiting. */
async function keyNamed({ subjectKeys: { keys } }: Edge, name: string): Promise<DataKey> {
  return keys.keyAtHand(name) ?? await keys.keyOf(name);
}
