// What the owner decides of holds whose call's end nobody learned: operators' requests first, then what
// the policy gives up. Neither needs a worker or a provider.
import type { EventDraft } from '@libs/events/envelope';
import type { GovernanceState } from '@libs/governance/state';
import type { Decision } from '@libs/jobs/commands';
import { decideRouting } from '@libs/jobs/decide-routing';
import { findJob, type PartitionState, type WorkLists } from '../partition-state';
import { holdName } from './open-holds';

interface Moment {
  readonly governance: GovernanceState;
  readonly nowMs: number;
  readonly seen: number;
}

/** As many as routings in one commit: after an outage thousands may be due, and routings wait. */
const perCommitMax = 32;

export function decideHolds(
  state: PartitionState, work: WorkLists,
  { tick, most }: { readonly tick: Moment; readonly most: number }, drafts: EventDraft[],
): void {
  const upTo = Math.min(most, drafts.length + perCommitMax);
  for (const id of state.holds.requests.keys()) {
    if (drafts.length >= upTo) return;
    take(work, drafts, answerRequest(state, id, tick));
  }
  const { writeOffAfterMs: afterMs } = tick.governance;
  if (afterMs === null) return;
  for (const [name, { job, routing, sinceMs }] of state.holds.open) {
    if (sinceMs + afterMs > tick.nowMs || drafts.length >= upTo) return;
    if (work.holdsDeciding.has(name)) continue;
    take(work, drafts, giveUp(state, { job, routing }, tick));
  }
}

/** Also when it is made again from the log. */
export function answerRequest(
  state: PartitionState, request: string, { seen, nowMs }: Omit<Moment, 'governance'>,
): Decision {
  const asked = state.holds.requests.get(request);
  const job = asked === undefined ? undefined : findJob(state, asked.job);
  if (asked === undefined || job === undefined) return { ok: false, reason: 'no_such_job' };
  return decideRouting(job, { type: 'AnswerHold', asked: asked.asked, request, seen, nowMs });
}

/** By policy; refused before its time. */
export function writeOff(
  state: PartitionState, hold: { readonly job: string; readonly routing: number }, moment: Moment,
): Decision {
  const { governance: { writeOffAfterMs: afterMs }, nowMs } = moment;
  const open = state.holds.open.get(holdName(hold.job, hold.routing));
  if (open === undefined) return { ok: false, reason: 'no_such_hold' };
  if (afterMs === null || open.sinceMs + afterMs > nowMs) return { ok: false, reason: 'not_due' };
  return giveUp(state, hold, moment);
}

function giveUp(
  state: PartitionState, { job: id, routing }: { readonly job: string; readonly routing: number },
  { seen, nowMs }: Omit<Moment, 'governance'>,
): Decision {
  const job = findJob(state, id);
  if (job === undefined) return { ok: false, reason: 'no_such_job' };
  return decideRouting(job, { type: 'WriteOffHold', routing, reason: 'policy', seen, nowMs });
}

/** At most one decision about a hold is on its way into the log. */
function take(work: WorkLists, drafts: EventDraft[], decision: Decision): void {
  if (!decision.ok) return;
  for (const draft of decision.events) {
    if (draft.type !== 'HoldWrittenOff' && draft.type !== 'HoldReconciled') continue;
    const name = holdName(draft.subject, draft.data.routing);
    if (work.holdsDeciding.has(name)) continue;
    work.holdsDeciding.add(name);
    drafts.push(draft);
  }
}
