// The request headers that say how a request is to be treated (api.md, section 2). Each wrong one
// is a 400 that names the header and how to mend it.
import { type IncomingHttpHeaders } from 'node:http';
import { type Priority } from '@libs/events/job-events';
import { type HttpRefusal, isRefusal, refusal } from './refusal';

export type WebhookTarget =
  | { readonly kind: 'endpoint'; readonly id: string }
  | { readonly kind: 'url'; readonly url: string };

export interface RequestOptions {
  readonly idempotencyKey: string | null;
  readonly respondAsync: boolean;
  /** `Prefer: wait=N`. */
  readonly waitS: number | null;
  readonly webhook: WebhookTarget | null;
  readonly priority: Priority | null;
  readonly deadlineS: number | null;
  readonly onDisconnect: 'cancel' | 'continue' | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly fallbacks: readonly string[];
  /** Header `holdfast-subject`, else what the body says: whom the content is about. */
  readonly subject: string | null;
  /** Requests of one session stay at one target while it is healthy. */
  readonly session: string | null;
  /** Over a budget: wait for the next window instead of being refused. */
  readonly overBudget: 'wait' | 'reject' | null;
}

const nothing: Readonly<Record<string, string>> = {};
const noFallbacks: readonly string[] = [];
const idempotencyKeyCharsMax = 255;
/** 16 KiB and 64 entries: labels for filters and reports, kept with every job. */
const metadataCharsMax = 16 * 1024;
const metadataEntriesMax = 64;
/** 30 days: longer than any batch; a job kept for ever is a mistake of its client. */
export const deadlineSecondsMax = 30 * 24 * 3600;
/** An hour: longer waits are better done with a webhook. */
const waitSecondsMax = 3600;
const fallbacksMax = 16;
const sessionCharsMax = 255;
const subjectCharsMax = 255;

export function parseOptions(headers: IncomingHttpHeaders): RequestOptions | HttpRefusal {
  const idempotencyKey = parseIdempotencyKey(text(headers['idempotency-key']));
  if (isRefusal(idempotencyKey)) return idempotencyKey;
  const prefer = parsePrefer(text(headers.prefer));
  if (isRefusal(prefer)) return prefer;
  const webhook = parseWebhookTarget(text(headers['holdfast-webhook']), 'holdfast-webhook');
  if (isRefusal(webhook)) return webhook;
  const priority = oneOf(headers, 'holdfast-priority', priorities);
  if (isRefusal(priority)) return priority;
  const deadlineS = parseDeadline(text(headers['holdfast-deadline']));
  if (isRefusal(deadlineS)) return deadlineS;
  const onDisconnect = oneOf(headers, 'holdfast-on-disconnect', disconnects);
  if (isRefusal(onDisconnect)) return onDisconnect;
  const cache = oneOf(headers, 'holdfast-cache', caches);
  if (isRefusal(cache)) return cache;
  const overBudget = oneOf(headers, 'holdfast-over-budget', overBudgets);
  if (isRefusal(overBudget)) return overBudget;
  const metadata = parseMetadataHeader(text(headers['holdfast-metadata']));
  if (isRefusal(metadata)) return metadata;
  const fallbacks = parseFallbacksHeader(text(headers['holdfast-fallbacks']));
  if (isRefusal(fallbacks)) return fallbacks;
  const session = text(headers['holdfast-session']);
  if (session !== null && session.length > sessionCharsMax) {
    return badHeader('holdfast-session', `may have up to ${sessionCharsMax} characters`);
  }
  const subject = text(headers['holdfast-subject']);
  if (subject !== null && subject.length > subjectCharsMax) {
    return badHeader('holdfast-subject', `may have up to ${subjectCharsMax} characters`);
  }
  return {
    idempotencyKey, ...prefer, webhook, priority, deadlineS, onDisconnect,
    metadata: metadata,
    fallbacks: fallbacks,
    subject,
    session,
    overBudget,
  };
}

export const priorities = ['interactive', 'normal', 'batch'] as const;
const disconnects = ['cancel', 'continue'] as const;
const overBudgets = ['wait', 'reject'] as const;
const caches = ['on', 'off', 'refresh'] as const;

function oneOf<T extends string>(
  headers: IncomingHttpHeaders, name: string, values: readonly T[],
): T | null | HttpRefusal {
  const value = text(headers[name]);
  if (value === null) return null;
  const found = values.find((candidate) => candidate === value.toLowerCase());
  return found ?? badHeader(name, `must be one of ${values.join(', ')}, not "${clip(value)}"`);
}

function parseIdempotencyKey(value: string | null): string | null | HttpRefusal {
  if (value === null || value.length <= idempotencyKeyCharsMax) return value;
  return badHeader('Idempotency-Key', `may have up to ${idempotencyKeyCharsMax} characters`);
}

/** RFC 7240: unknown preferences are ignored. */
function parsePrefer(
  value: string | null,
): { respondAsync: boolean; waitS: number | null } | HttpRefusal {
  if (value === null) return noPreference;
  let respondAsync = false;
  let waitS: number | null = null;
  for (const preference of value.split(/[,;]/)) {
    const [name = '', amount] = preference.trim().toLowerCase().split('=');
    if (name === 'respond-async') respondAsync = true;
    if (name !== 'wait') continue;
    waitS = Number(amount?.replaceAll('"', '').trim() || Number.NaN);
    if (!Number.isInteger(waitS) || waitS < 0 || waitS > waitSecondsMax) {
      return badHeader('Prefer', `wait=N takes whole seconds from 0 to ${waitSecondsMax}`);
    }
  }
  return { respondAsync: respondAsync && waitS === null, waitS };
}

const noPreference = { respondAsync: false, waitS: null } as const;

export function parseWebhookTarget(
  value: string | null, name: string,
): WebhookTarget | null | HttpRefusal {
  if (value === null) return null;
  if (value.startsWith('whe_')) return { kind: 'endpoint', id: value };
  if (/^https?:\/\//i.test(value)) return { kind: 'url', url: value };
  return badHeader(name, 'must be the id of a webhook endpoint (whe_…) or an https URL');
}

function parseDeadline(value: string | null): number | null | HttpRefusal {
  if (value === null) return null;
  const seconds = Number(value);
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= deadlineSecondsMax) return seconds;
  return badHeader('holdfast-deadline', `takes whole seconds from 1 to ${deadlineSecondsMax}`);
}

function parseMetadataHeader(value: string | null): Readonly<Record<string, string>> | HttpRefusal {
  if (value === null) return nothing;
  let parsed: unknown;
  try {
    parsed = JSON.parse(value);
  } catch {
    return badHeader('holdfast-metadata', 'must be a JSON object of strings, like {"user":"42"}');
  }
  return checkMetadata(parsed, 'holdfast-metadata');
}

export function checkMetadata(
  value: unknown, name: string,
): Readonly<Record<string, string>> | HttpRefusal {
  if (typeof value !== 'object' || value === null || Array.isArray(value)
    || Object.values(value).some((entry) => typeof entry !== 'string')) {
    return badHeader(name, 'must be a JSON object of strings, like {"user":"42"}');
  }
  if (Object.keys(value).length > metadataEntriesMax
    || JSON.stringify(value).length > metadataCharsMax) {
    return badHeader(
      name, `takes up to ${metadataEntriesMax} entries in ${metadataCharsMax} bytes`,
    );
  }
  return value as Readonly<Record<string, string>>;
}

function parseFallbacksHeader(value: string | null): readonly string[] | HttpRefusal {
  if (value === null) return noFallbacks;
  return checkFallbacks(value.split(',').map((part) => part.trim()), 'holdfast-fallbacks');
}

export function checkFallbacks(value: unknown, name: string): readonly string[] | HttpRefusal {
  const valid = Array.isArray(value) && value.length <= fallbacksMax
    && value.every((entry) => typeof entry === 'string' && /^[^/]+\/.+$/.test(entry));
  if (valid) return value as string[];
  return badHeader(name, `takes up to ${fallbacksMax} targets as "provider/model"`);
}

export function badHeader(name: string, what: string): HttpRefusal {
  return refusal(400, 'invalid_option', `${name} ${what}.`, { param: name });
}

function text(value: string | string[] | undefined): string | null {
  if (value === undefined || value === '') return null;
  return Array.isArray(value) ? value.join(', ') : value;
}

function clip(value: string): string {
  return value.length > 40 ? `${value.slice(0, 40)}…` : value;
}
