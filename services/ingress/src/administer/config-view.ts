// GET /admin/v1/config: what is in force.
import { type GovernanceState } from '@libs/governance/state';
import { administratorView } from './administrators-kind';
import { keyView } from './key-view';
import { limitsView } from './limits-kind';
import { settingsView } from './tell-changes';

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
    settings: settingsView(state),
    administrators: [...state.administrators.values()].map(administratorView),
    oidc: state.oidc,
  };
}
