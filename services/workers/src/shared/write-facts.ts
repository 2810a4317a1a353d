// Gives drafts their identity and time and appends them as one entry.
import { type EventDraft, stamp } from '@libs/events/envelope';
import { type ContentLine } from '@libs/events/content';
import { type Appended, type EventLog } from '@libs/log/log';
import { newEventId } from '@libs/telemetry/ids';

export interface Facts {
  readonly drafts: readonly EventDraft[];
  readonly content?: readonly ContentLine[];
}

/** Resolves when the facts are durable. */
export function writeFacts(
  log: EventLog, subject: string, facts: Facts, nowMs: number,
): Promise<Appended> {
  const events = facts.drafts.map((draft) => stamp(draft, newEventId(), nowMs));
  const { content } = facts;
  return log.append(subject, content === undefined ? { events } : { events, content });
}
