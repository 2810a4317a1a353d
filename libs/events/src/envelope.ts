// The envelope every event travels in. Field names follow CloudEvents 1.0 where it has one.
import type { Catalogue, EventType } from './catalogue';
import { currentVersion } from './versions';

/** One fact of the log. `subject` is what it is about (job id, key id …), `tenant` the customer. */
export interface HoldfastEvent<T extends EventType = EventType> {
  /** UUIDv7. */
  readonly id: string;
  readonly type: T;
  readonly version: number;
  /** RFC 3339, UTC, milliseconds: when the writer decided it. Never an input of ordering. */
  readonly time: string;
  readonly subject: string;
  readonly tenant: string;
  /** Id of the event or request that led to this one. */
  readonly causation?: string;
  readonly data: Catalogue[T];
}

/** Any event, discriminated by `type`. */
export type AnyEvent = { [T in EventType]: HoldfastEvent<T> }[EventType];

/** What the pure core returns: a fact without identity and time, which the edge gives it. */
export type EventDraft = {
  [T in EventType]: Pick<HoldfastEvent<T>, 'type' | 'subject' | 'tenant' | 'data'> & {
    readonly causation?: string;
  };
}[EventType];

/** A draft of one given type (helps where the union is too wide to infer). */
export type DraftOf<T extends EventType> = Extract<EventDraft, { type: T }>;

/** Gives a draft its identity, version and time. Key order is the order on the wire: `id` first. */
export function stamp(draft: EventDraft, id: string, nowMs: number): AnyEvent {
  return {
    id,
    type: draft.type,
    version: currentVersion[draft.type],
    time: new Date(nowMs).toISOString(),
    subject: draft.subject,
    tenant: draft.tenant,
    ...(draft.causation === undefined ? {} : { causation: draft.causation }),
    data: draft.data,
  } as AnyEvent;
}

/** The time of an event in milliseconds since the epoch. */
export function timeMs(event: Pick<HoldfastEvent, 'time'>): number {
  return Date.parse(event.time);
}
