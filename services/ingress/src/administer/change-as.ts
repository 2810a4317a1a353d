// A change of governance in somebody's name: whether their role reaches, what they did, and how it
// was before and is after, in the same commit as the change itself.
import { type EventDraft, stamp } from '@libs/events/envelope';
import { ownersAt, reaches, roleNeededFor } from '@libs/governance/administrators';
import { evolveGovernance } from '@libs/governance/evolve';
import { type GovernanceState, systemTenant } from '@libs/governance/state';
import { type Actor, whoOf } from '../shared/actor';
import { type Edge } from '../shared/edge';
import { type GovernanceChange, type GovernanceDecision } from '../shared/governance-fold';
import { roleTooLow } from '../shared/identify-administrators';
import { type HttpRefusal, isRefusal, refusal } from '../shared/refusal';

export interface Told {
  readonly act: string;
  readonly about: string;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly before: unknown;
  readonly after: unknown;
}

export interface States {
  readonly before: GovernanceState;
  readonly after: GovernanceState;
  /** When it is changed. */
  readonly nowMs: number;
}

export interface ChangeOf {
  readonly decide: (state: GovernanceState, nowMs: number) => GovernanceDecision;
  /** What is written down of these changes. */
  readonly tell: (drafts: readonly EventDraft[], states: States) => Told;
}

/** @throws Fault log_unavailable, log_full, log_conflict */
export async function changeAs(
  edge: Edge, actor: Actor, { decide, tell }: ChangeOf,
): Promise<GovernanceChange | HttpRefusal> {
  return edge.governance.change((state, nowMs) => {
    const drafts = decide(state, nowMs);
    if (isRefusal(drafts)) return drafts;
    return refused(edge, actor, { drafts, state, nowMs }) ?? drafts;
  }, (drafts, { state, nowMs }) => {
    const told = tell(drafts, { before: state, after: evolved(state, drafts, nowMs), nowMs });
    const data = { ...whoOf(actor), ...told, detail: { ...told.detail } };
    return { type: 'AdminActed', subject: told.about, tenant: systemTenant, data };
  });
}

/**
 * By whatever way a change comes (an entity, a whole configuration): who may administer is for owners,
 * and the last of them is not shut out by anybody but the holder of the root token.
 */
function refused(
  edge: Edge, actor: Actor,
  change: { drafts: readonly EventDraft[]; state: GovernanceState; nowMs: number },
): HttpRefusal | null {
  const { drafts, state, nowMs } = change;
  const beyond = drafts.map(({ type }) => roleNeededFor(type))
    .find((needed) => !reaches(actor.role, needed));
  if (beyond !== undefined) {
    edge.denials.note({
      source: actor.source, key: null, tenant: systemTenant, reason: 'role_too_low',
      administrator: actor.id,
    });
    return roleTooLow(actor, beyond);
  }
  if (actor.via === 'root_token' || ownersAt(state, nowMs).length === 0) return null;
  if (ownersAt(evolved(state, drafts, nowMs), nowMs).length > 0) return null;
  return refusal(409, 'last_owner',
    'This would leave no owner but the holder of HOLDFAST_ADMIN_TOKEN. Name another owner first, or '
    + 'use that token.');
}

function evolved(
  state: GovernanceState, drafts: readonly EventDraft[], nowMs: number,
): GovernanceState {
  return drafts.reduce(
    (next, draft) => evolveGovernance(next, stamp(draft, '', nowMs), next.sequence), state);
}
