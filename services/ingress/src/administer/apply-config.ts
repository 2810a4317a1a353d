// PUT /admin/v1/config: the desired state of a file becomes events; GET shows what is in force.
import { type FastifyRequest } from 'fastify';
import { diffConfig } from '@libs/governance/apply-config';
import { desiredConfig } from '@libs/governance/desired-config';
import { type GovernanceState, type VirtualKey } from '@libs/governance/state';
import { type Edge } from '../shared/edge';
import { readJson } from '../shared/read-json';
import { type HttpRefusal, isRefusal } from '../shared/refusal';
import { limitsView } from './limits-kind';
import { recordAct } from './record-act';

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
  const changed = await edge.governance.change((state) => {
    diff = diffConfig(state, desired);
    return diff.events;
  });
  if (isRefusal(changed)) return changed;
  const { changes, conflicts } = diff;
  if (changes.length > 0) {
    const detail = { changes: changes.length };
    await recordAct(edge, { act: 'config.apply', about: 'config', detail });
  }
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
    settings: {
      webhooks_allow_private: state.webhooksAllowPrivate, unknown_price: state.unknownPrice,
      content_encryption: state.sealsContent ? 'on' : 'off',
      ...(state.content === null ? {} : { content: state.content }),
      write_off_after_s: state.writeOffAfterMs === null ? null : state.writeOffAfterMs / 1_000,
    },
  };
}

/** Without the hash: it is no secret, and of no use to anybody either. */
export function keyView(key: VirtualKey): object {
  const { key: id, expires_at_ms: expiresAtMs, ...created } = key.created;
  const shown = { ...created, hash: undefined };
  return {
    id, object: 'key', customer: key.tenant, revoked: key.revoked, ...shown,
    expires_at: expiresAtMs === null ? null : Math.floor(expiresAtMs / 1000),
  };
}
