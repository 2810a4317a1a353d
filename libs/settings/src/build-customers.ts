// Customers, teams and virtual keys of a file as they are applied.
import { createHash } from 'node:crypto';
import type { LimitLevel } from '@libs/events/limits';
import type { DesiredConfig } from '@libs/governance/desired-config';
import { hintLetters } from '@libs/governance/key-format';
import { buildAccess, buildDenials, type StateYaml, stateProblem, without } from './access-shape';
import type { Building } from './building';
import { keyWeakness } from './client-key';
import type { ConfigPath } from './config-problem';
import { secretReference, secretValue } from './config-secret';
import type { CustomerYaml, VirtualKeyYaml } from './holdfast-yaml';

type Built = Pick<DesiredConfig, 'customers' | 'teams' | 'keys'>
  & { suspensions?: NonNullable<DesiredConfig['suspensions']> };

export function buildCustomers(customers: readonly CustomerYaml[], building: Building): Built {
  const result: Built = { customers: [], teams: [], keys: [] };
  for (const [index, customer] of customers.entries()) {
    const { id, name, weight, time_zone: zone, content, teams = [], keys = [] } = customer;
    const path = ['customers', index] as const;
    const own = { building, customer: id, result };
    result.customers.push({
      customer: id, name: name ?? null, weight: weight ?? 1, ...buildAccess(customer),
      ...(content === undefined ? {} : { content }),
      ...(zone === undefined ? {} : { time_zone: zone }),
    });
    noteState(customer, path, { ...own, level: 'customer', id });
    buildClientKeys(keys, [...path, 'keys'], own);
    for (const [place, team] of teams.entries()) {
      const teamPath = [...path, 'teams', place];
      result.teams.push({
        team: team.id, customer: id, name: team.name ?? null, ...buildAccess(team),
      });
      noteState(team, teamPath, { ...own, level: 'team', id: team.id });
      buildClientKeys(team.keys ?? [], [...teamPath, 'keys'], { ...own, team: team.id });
    }
  }
  return result;
}

interface KeyOwner {
  readonly building: Building;
  readonly customer: string;
  readonly team?: string;
  readonly result: Built;
}

function buildClientKeys(
  keys: readonly VirtualKeyYaml[], path: ConfigPath, owner: KeyOwner,
): void {
  const { building, customer, team, result } = owner;
  for (const [index, key] of keys.entries()) {
    const at = [...path, index];
    noteState(key, at, { ...owner, level: 'key', id: key.id });
    const value = clientKeyValue(key, [...at, 'value'], building);
    if (value === null) continue;
    result.keys.push({
      key: key.id,
      customer,
      team: team ?? null,
      hash: createHash('sha256').update(value).digest('hex'),
      hint: `${value.slice(0, hintLetters - 1)}…`,
      name: key.name ?? null,
      models: without(key.models),
      providers: without(key.providers),
      visibility: key.visibility ?? (team === undefined ? 'customer' : 'team'),
      metadata: key.metadata ?? {},
      expires_at_ms: key.expires_at === undefined ? null : Date.parse(key.expires_at),
      ...buildDenials(key),
      ...(key.overlap_s === undefined ? {} : { overlap_s: key.overlap_s }),
    });
  }
}

function noteState(
  yaml: StateYaml, path: ConfigPath,
  owner: Omit<KeyOwner, 'team'> & { readonly level: LimitLevel; readonly id: string },
): void {
  const { building, customer, level, id, result } = owner;
  const problem = stateProblem(yaml);
  if (problem !== null) building.list.add([...path, 'state'], problem);
  if (yaml.state !== 'suspended' || yaml.suspended_reason === undefined) return;
  result.suspensions ??= [];
  result.suspensions.push({ level, id, customer, reason: yaml.suspended_reason });
}

function clientKeyValue(key: VirtualKeyYaml, path: ConfigPath, building: Building): string | null {
  const { environment, list } = building;
  const suggestedVariable = `${key.id.toUpperCase().replace(/[^A-Z0-9]+/g, '_')}_KEY`;
  const ref = secretReference({ path, text: key.value, suggestedVariable }, environment, list);
  const value = ref === null ? null : secretValue(ref, path, { environment, list });
  const weakness = value === null ? null : keyWeakness(value);
  if (weakness === null) return value;
  list.add(path, weakness);
  return null;
}
