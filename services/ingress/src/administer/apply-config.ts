// PUT /admin/v1/config: the desired state of a file becomes events, all of it or nothing; a change
// that would take something from keys in use is refused, unless it is forced.
import { type FastifyRequest } from 'fastify';
import { stamp } from '@libs/events/envelope';
import { isFault } from '@libs/faults/faults';
import { type ConfigDiff, diffConfig } from '@libs/governance/apply-config';
import { checkDesired, orphans, problemLine } from '@libs/governance/check-desired';
import { type Cut, cutsOf, keysAtStake } from '@libs/governance/cuts';
import { type DesiredConfig, desiredConfig } from '@libs/governance/desired-config';
import { evolveGovernance } from '@libs/governance/evolve';
import { knownNames } from '@libs/governance/known-names';
import { type GovernanceState } from '@libs/governance/state';
import { type KeyUseView } from '@libs/routing/key-uses';
import { timeZoneProblem } from '@libs/settings/time-zone-offsets';
import { type Actor, actorOf } from '../shared/actor';
import { askKeyUses } from '../shared/ask-key-uses';
import { type Edge } from '../shared/edge';
import { readJson } from '../shared/read-json';
import { type HttpRefusal, isRefusal, refusal } from '../shared/refusal';
import { changeAs } from './change-as';
import { changedMeanwhile } from './entity-tag';
import { tellApplied } from './tell-changes';

interface Apply {
  readonly edge: Edge;
  readonly actor: Actor;
  readonly desired: DesiredConfig;
  readonly force: boolean;
  /** The sequence that its sender has seen; null: any. */
  readonly seen: number | null;
}

export async function applyConfig(
  edge: Edge, request: FastifyRequest,
): Promise<{ status: number; body: unknown } | HttpRefusal> {
  const desired = readJson(request, desiredConfig);
  if (isRefusal(desired)) return desired;
  const unknown = unknownTimeZone(desired);
  if (unknown !== null) return refusal(400, 'invalid_value', unknown, { param: 'time_zone' });
  const { dry_run: dryRun, force } = request.query as { dry_run?: string; force?: string };
  const seen = seenSequence(request.headers['if-match']);
  if (isRefusal(seen)) return seen;
  const apply = { edge, actor: actorOf(request), desired, force: isYes(force), seen };
  const first = lookAt(apply, edge.governance.state, edge.now());
  if (isRefusal(first)) return first;
  const uses = await usesAtStake(apply, first, isYes(dryRun));
  if (isRefusal(uses)) return uses;
  if (isYes(dryRun)) {
    const { diff: { changes, conflicts }, before: { sequence } } = first;
    const cuts = uses === null ? null : cutsFrom(apply, first, uses).map(cutView);
    return { status: 200, body: { changes, conflicts, cuts, sequence, dry_run: true } };
  }
  return append(apply, uses ?? new Map<string, KeyUseView>());
}

async function append(
  apply: Apply, uses: ReadonlyMap<string, KeyUseView>,
): Promise<{ status: number; body: unknown } | HttpRefusal> {
  const { edge, actor, force } = apply;
  // What the last, winning decision said.
  let diff: ConfigDiff = { events: [], changes: [], conflicts: [] };
  const changed = await changeAs(edge, actor, {
    decide: (state, nowMs) => {
      const look = lookAt(apply, state, nowMs);
      if (isRefusal(look)) return look;
      const cuts = force ? [] : cutsFrom(apply, look, uses);
      if (cuts.length > 0) return wouldCut(cuts);
      diff = look.diff;
      return diff.events;
    },
    tell: (drafts, states) => {
      const told = tellApplied(drafts, states);
      return force ? { ...told, detail: { ...told.detail, force } } : told;
    },
  });
  if (isRefusal(changed)) return changed;
  const { changes, conflicts } = diff;
  return { status: 200, body: { changes, conflicts, sequence: changed.sequence } };
}

/** null: any. */
function seenSequence(ifMatch: string | undefined): number | null | HttpRefusal {
  if (ifMatch === undefined || ifMatch.trim() === '*') return null;
  const sequence = /^"?(\d+)"?$/.exec(ifMatch.trim())?.[1];
  return sequence !== undefined ? Number(sequence) : refusal(400, 'invalid_value',
    'If-Match of a configuration is the "sequence" that a dry run of it answered with, e.g. "42".');
}

/** Checked again where it becomes an event: not every client reads a file with our code. */
function unknownTimeZone({ customers, limits = [] }: DesiredConfig): string | null {
  const named = [
    ...customers.flatMap(({ time_zone: zone }) => zone ?? []),
    ...limits.flatMap(({ budgets }) => budgets.flatMap(({ time_zone: zone }) => zone ?? [])),
  ];
  for (const zone of named) {
    const problem = timeZoneProblem(zone);
    if (problem !== null) return problem;
  }
  return null;
}

interface Look {
  readonly before: GovernanceState;
  readonly after: GovernanceState;
  readonly diff: ConfigDiff;
  readonly nowMs: number;
}

/** What would come of it now, or what is wrong with it: all of that at once. */
function lookAt(apply: Apply, before: GovernanceState, nowMs: number): Look | HttpRefusal {
  const { desired, seen } = apply;
  if (seen !== null && seen !== before.sequence) return changedMeanwhile('the configuration');
  const diff = diffConfig(before, desired, nowMs);
  const after = diff.events.reduce((state, draft) =>
    evolveGovernance(state, stamp(draft, 'to-be', nowMs), state.sequence), before);
  const names = knownNames({ providers: after.providers.values(), routes: after.routes.values() });
  const problems = [...checkDesired(desired, names), ...orphans(before, after)];
  if (problems.length === 0) return { before, after, diff, nowMs };
  const lines = problems.map(problemLine);
  return refusal(400, 'invalid_config', `Nothing was applied: ${lines.join('; ')}.`);
}

/** A new owner of a partition is found within this time. */
const askTries = 5;
const askEveryMs = 500;

/** null: it cannot be told, and a dry run need not know. */
async function usesAtStake(
  { edge, force }: Apply, { before, after, nowMs }: Look, dryRun: boolean,
): Promise<ReadonlyMap<string, KeyUseView> | null | HttpRefusal> {
  const keys = force ? [] : keysAtStake(before, after, nowMs);
  for (let tries = 1; ; tries += 1) {
    try {
      return await askKeyUses(edge, keys);
    } catch (error) {
      if (!isFault(error, 'router_unavailable')) throw error;
      if (dryRun) return null;
      if (tries < askTries) {
        await new Promise((resolve) => setTimeout(resolve, askEveryMs));
        continue;
      }
      const ids = keys.slice(0, 5).map(({ id }) => id).join(', ');
      return refusal(503, 'router_unavailable', 'No router answers, so it cannot be told whether '
        + `keys that this would touch are in use (${ids}). Nothing was applied; try again, or force it.`);
    }
  }
}

function cutsFrom(
  { edge }: Apply, { before, after, nowMs }: Look, uses: ReadonlyMap<string, KeyUseView>,
): readonly Cut[] {
  const withinMs = edge.settings.HOLDFAST_KEY_IN_USE_MIN * 60_000;
  return cutsOf(before, after, [...uses.values()], { nowMs, withinMs });
}

function wouldCut(cuts: readonly Cut[]): HttpRefusal {
  const lines = cuts.map(({ key, lastUsedMs, openJobs, why }) => {
    const jobs = openJobs === 0 ? '' : `, ${openJobs} ${openJobs === 1 ? 'job' : 'jobs'} under way`;
    return `key ${key} is in use (last at ${new Date(lastUsedMs).toISOString()}${jobs}): ${why}`;
  });
  return refusal(409, 'keys_in_use', `Nothing was applied: ${lines.join('; ')}. `
    + 'Apply it with force (--force) if that is meant.');
}

function cutView({ key, lastUsedMs, openJobs, why }: Cut): object {
  return { key, last_used_at: Math.floor(lastUsedMs / 1000), open_jobs: openJobs, why };
}

function isYes(value: string | undefined): boolean {
  return value === 'true' || value === '1';
}
