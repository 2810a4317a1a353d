// PUT /admin/v1/config: the desired state of a file becomes events; GET shows what is in force.
import { type FastifyRequest } from 'fastify';
import { diffConfig } from '@libs/governance/apply-config';
import { desiredConfig } from '@libs/governance/desired-config';
import { type GovernanceState } from '@libs/governance/state';
import { actorOf } from '../shared/actor';
import { type Edge } from '../shared/edge';
import { readJson } from '../shared/read-json';
import { type HttpRefusal, isRefusal } from '../shared/refusal';
import { administratorView } from './administrators-kind';
import { changeAs } from './change-as';
import { keyView } from './key-view';
import { limitsView } from './limits-kind';
import { settingsView, tellApplied } from './tell-changes';

export async function applyConfig(
  edge: Edge, request: FastifyRequest,
): Promise<{ status: number; body: unknown } | HttpRefusal> {
  const desired = readJson(request, desiredConfig);
  if (isRefusal(desired)) return desired;
  const { dry_run: dryRun } = request.query as { dry_run?: string };
  if (dryRun === 'true' || dryRun === '1') {
    const { state } = edge.governance;
    const { changes, conflicts } = diffConfig(state, desired);
    return { status: 200, body: { changes, conflicts, sequence: state.sequence, dry_run: true } };
  }
  // What the last, winning decision said.
  let diff = diffConfig(edge.governance.state, desired);
  const changed = await changeAs(edge, actorOf(request), {
    decide: (state) => {
      diff = diffConfig(state, desired);
      return diff.events;
    },
    tell: tellApplied,
  });
  if (isRefusal(changed)) return changed;
  const { changes, conflicts } = diff;
  return { status: 200, body: { changes, conflicts, sequence: changed.sequence } };
}

export function configView(state: GovernanceState): object {
  return {
    sequence: state.sequence,
    customers: [...state.customers.values()],
    teams: [...state.teams.values()],
    keys: [...state.keys.values()].map(keyView),
    providers: [...state.providers.values()],
    routes: [...state.routes.values()],
    limits: [...state.limits.values()].map(limitsView),
    prices: [...state.prices].map(([id, price]) => ({ id, price })),
    settings: settingsView(state),
    administrators: [...state.administrators.values()].map(administratorView),
    oidc: state.oidc,
  };
}
