// One event as one line for people: the facts that tell a job's story, never its content.
import { type AnyEvent } from '@libs/events/envelope';

export function describeEvent(event: AnyEvent): string {
  const facts = keyFacts(event);
  return `${event.time}  ${event.type.padEnd(20)}  ${event.subject}${facts === '' ? '' : `  ${facts}`}`;
}

/** Generic on purpose: a new event type is shown without a change here. */
const telling = [
  'model', 'provider', 'status', 'reason', 'routing', 'attempt', 'attempt_id', 'action', 'error', 'plan', 'until_ms',
  'deadline_at_ms', 'of', 'by', 'actor', 'endpoint', 'router', 'epoch', 'webhook', 'count', 'percent',
  'role', 'act', 'about', 'source', 'path', 'parts', 'through_ms',
];

function keyFacts(event: AnyEvent): string {
  const data = event.data as Readonly<Record<string, unknown>>;
  return telling.filter((name) => data[name] !== undefined && data[name] !== null)
    .map((name) => `${name}=${brief(data[name])}`).join(' ');
}

function brief(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(brief).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const { provider, model, class: kind, outcome, status } = value as Record<string, unknown>;
  const parts = [provider, model, outcome, kind, status]
    .filter((part) => typeof part === 'string' || typeof part === 'number');
  return parts.length === 0 ? '…' : parts.join('/');
}
