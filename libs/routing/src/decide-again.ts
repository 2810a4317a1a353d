// Makes a decision of the past again: from the fold up to what the router had seen then, what it had
// decided and not folded yet, its time and its seed. It must come out the same.
import type { ReservedAmounts } from '@libs/events/limits';
import { decideRouting } from '@libs/jobs/decide-routing';
import type { RouterCommand } from '@libs/jobs/commands';
import { decideOpen } from './decide-open';
import { rejectionOf } from './decide-partition';
import { answerRequest, writeOff } from './holds/decide-holds';
import { reservedFromText } from './ledger/reserved';
import type { PartitionState } from './partition-state';
import { jobBounds } from './ledger/within-limits';
import { planFor } from './plan';
import { seedOf } from './seeded';
import type { World } from './world';

/** Of a past decision, what making it again needs. */
export interface Remade {
  readonly job: string;
  readonly seen: number;
  readonly nowMs: number;
  readonly overlay: Readonly<Record<string, number>>;
  readonly reserved: ReservedAmounts;
  /** false: by a router that did not tell what rate limits had left, which decides nothing. */
  readonly tellsRates?: boolean;
  /** false: by a router that did not learn from the lengths of answers. */
  readonly learnsLengths?: boolean;
  /** It was about a hold of unknown end: by policy, or an answer to a request. */
  readonly hold?: { readonly routing: number; readonly request: string | null };
}

/** The event's type and data as they come out now; text: why nothing comes out. */
export type Outcome =
  | { readonly type: string; readonly data: object }
  | { readonly type: null; readonly why: string };

/** `world` is folded up to `remade.seen`. It is left as it was. */
export function decideAgain(world: World, state: PartitionState, remade: Remade): Outcome {
  const { job: id, seen, nowMs, overlay, hold } = remade;
  if (hold !== undefined) {
    const moment = { governance: world.governance, seen, nowMs };
    return outcomeOf(hold.request !== null ? answerRequest(state, hold.request, moment)
      : writeOff(state, { job: id, routing: hold.routing }, moment));
  }
  const job = state.jobs.get(id);
  if (job === undefined) return { type: null, why: 'the job is not open at this place of the log' };
  if (job.phase !== 'waiting' && job.phase !== 'deferred') {
    return { type: null, why: `the job is ${job.phase} at this place of the log` };
  }
  const { governance } = world;
  const reserved = reservedFromText(remade.reserved, jobBounds(job, governance));
  const limits = { ledger: state.ledger, reserved };
  const load = { ...world.load, deciding: new Map(Object.entries(overlay)) };
  // Whoever deferred or routed it had not given it up: the cap is a setting, and not in the log.
  const open = decideOpen(state, job, { nowMs, seen, abandonCap: Infinity });
  if (open !== null) return outcomeOf(decideRouting(job, open));
  const seed = seedOf(job.id, job.routings + 1);
  const { learnsLengths = true } = remade;
  const result = planFor(job, { governance, load, nowMs, limits, learnsLengths }, seed);
  if (result.kind === 'wait') return { type: null, why: 'it would wait' };
  const command: RouterCommand = result.kind === 'plan'
    ? {
        type: 'RouteJob', seed, seen, nowMs, governanceSequence: governance.sequence,
        made: {
          ...result, reserved: remade.reserved, ...(remade.tellsRates === false ? { rates: [] } : {}),
        },
        body: job.submitted.body,
      }
    : result.kind === 'defer'
      ? {
          type: 'DeferJob', untilMs: result.untilMs, reason: result.reason, count: job.deferrals, seen,
          nowMs, reserved: result.reserved === undefined ? [] : remade.reserved,
        }
      : { type: 'RejectJob', data: rejectionOf(result) };
  return outcomeOf(decideRouting(job, command));
}

function outcomeOf(decision: ReturnType<typeof decideRouting>): Outcome {
  if (!decision.ok) return { type: null, why: `refused: ${decision.reason}` };
  const [draft] = decision.events;
  return draft === undefined ? { type: null, why: 'nothing was decided' }
    : { type: draft.type, data: draft.data };
}

/** Paths of the fields in which two values differ as JSON, at most `most`. */
export function differences(one: unknown, other: unknown, most = 5): string[] {
  const found: string[] = [];
  compare(one, other, '', (path) => found.push(path));
  return found.slice(0, most);
}

function shown(value: unknown): string {
  return value === undefined ? 'absent' : JSON.stringify(value);
}

function compare(one: unknown, other: unknown, path: string, report: (what: string) => void): void {
  if (one === other) return;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) {
    report(`${path}: ${shown(one)} → ${shown(other)}`);
    return;
  }
  const [left, right] = [one as Record<string, unknown>, other as Record<string, unknown>];
  for (const name of new Set([...Object.keys(left), ...Object.keys(right)])) {
    compare(left[name], right[name], path === '' ? name : `${path}.${name}`, report);
  }
}
