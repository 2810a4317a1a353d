// GET /admin/v1/config: what is in force.
import { type GovernanceState } from '@libs/governance/state';
import { keyView } from './key-view';
import { limitsView } from './limits-kind';

export function configView(state: GovernanceState, nowMs: number): object {
  return {
    sequence: state.sequence,
    customers: [...state.customers.values()],
    teams: [...state.teams.values()],
    keys: [...state.keys.values()].map((key) => keyView(state, key, nowMs)),
    suspensions: [...state.suspensions.values()],
    providers: [...state.providers.values()],
    routes: [...state.routes.values()],
    limits: [...state.limits.values()].map(limitsView),
    prices: [...state.prices].map(([id, price]) => ({ id, price })),
    settings: {
      webhooks_allow_private: state.webhooksAllowPrivate, unknown_price: state.unknownPrice,
      alerts: state.alerts,
      content_encryption: state.sealsContent ? 'on' : 'off',
      write_off_after_s: state.writeOffAfterMs === null ? null : state.writeOffAfterMs / 1_000,
    },
  };
}
