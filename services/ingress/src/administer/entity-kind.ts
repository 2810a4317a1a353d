// What administration must know of one kind of entity.
import { z } from 'zod';
import { type EventDraft } from '@libs/events/envelope';
import { type Origin } from '@libs/events/governance-events';
import { type GovernanceState } from '@libs/governance/state';
import { type HttpRefusal } from '../shared/refusal';

export const jsonObject = z.record(z.string(), z.unknown());
export type Body = z.infer<typeof jsonObject>;

export const entityId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, {
  error: 'takes letters, digits, ".", "_" and "-", up to 64',
});
export const entityName = z.string().max(200).nullable().default(null);

export interface Found {
  readonly view: object;
  readonly origin: Origin | null;
  /** Still shown, though it is no more (a revoked key). */
  readonly gone?: boolean;
}

export interface Made {
  readonly id: string;
  readonly draft: EventDraft;
  /** What goes into the log together with it. */
  readonly also?: readonly EventDraft[];
  /** Shown in this answer and never again. */
  readonly once?: Readonly<Record<string, string>>;
}

export interface MakeContext {
  readonly state: GovernanceState;
  readonly nowMs: number;
  /** The one that is changed; absent: it is made anew. */
  readonly changes?: string;
  /** The body names only what changes: limits that it does not name stay. */
  readonly partly?: boolean;
}

export interface EntityKind {
  readonly list: (state: GovernanceState, nowMs: number) => readonly object[];
  readonly find: (state: GovernanceState, id: string, nowMs: number) => Found | null;
  readonly make: (body: Body, context: MakeContext) => Made | HttpRefusal;
  readonly changeable: boolean;
  /** What a partial change is laid over, as a body; absent: every change names the whole value. */
  readonly base?: (state: GovernanceState, id: string) => Body | null;
  /** Why it cannot be removed now. */
  readonly inUse?: (state: GovernanceState, id: string) => HttpRefusal | null;
  /** The fields that an id in the path stands for. */
  readonly idFields: (id: string) => Body;
  readonly remove: ((state: GovernanceState, id: string) => EventDraft) | null;
  /** Removed here, too, where a file owns it. */
  readonly removedThoughOfFile?: boolean;
}
