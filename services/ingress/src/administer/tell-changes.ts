// What governance events say of the entities they change, for the record of an applied configuration.
import type { Catalogue } from '@libs/events/catalogue';
import { type EventDraft } from '@libs/events/envelope';
import { type GovernanceState } from '@libs/governance/state';
import { type States, type Told } from './change-as';
import { kinds } from './entity-kinds';

/** By the beginning of an event's type: what it changes, and under which name that is kept. */
const families: readonly (readonly [string, string])[] = [
  ['Customer', 'customers'], ['Team', 'teams'], ['Key', 'keys'], ['Limits', 'limits'],
  ['BudgetRaised', 'limits'], ['Provider', 'providers'], ['Route', 'routes'], ['Price', 'prices'],
  ['Administrator', 'administrators'], ['Oidc', 'oidc'], ['Settings', 'settings'],
  ['Access', 'access'], ['TimeZone', 'time_zones'],
];

/**
 * What was made is in the events beside this one, whole; what was changed or removed is shown as it
 * was and as it is.
 */
export function tellApplied(
  drafts: readonly EventDraft[], { before, after, nowMs }: States,
): Told {
  const was: Record<string, unknown> = {};
  const is: Record<string, unknown> = {};
  const created = new Set<string>();
  for (const draft of drafts) {
    const { name, view } = entityOf(draft, nowMs);
    const [then, now] = [view(before), view(after)];
    if (then === null) { created.add(name); continue; }
    was[name] = then;
    is[name] = now;
  }
  return {
    act: 'config.apply', about: 'config', detail: { changes: drafts.length, created: [...created] },
    before: was, after: is,
  };
}

interface Entity {
  readonly name: string;
  readonly view: (state: GovernanceState) => unknown;
}

function entityOf({ type, subject }: EventDraft, nowMs: number): Entity {
  const kindName = families.find(([beginning]) => type.startsWith(beginning))?.[1] ?? type;
  const name = `${kindName}/${subject}`;
  switch (kindName) {
    case 'settings': return { name, view: settingsView };
    case 'oidc': return { name: 'oidc', view: ({ oidc }) => oidc };
    // A table of years of offsets: that there is one, and of which rules, is enough.
    case 'time_zones': return { name, view: ({ timeZones }) => zoneView(timeZones.get(subject)) };
    // What is stopped, or goes on, is named `level/id`, as its limits are.
    case 'access': return viewOf(subject.replace('/', 's/'), nowMs);
    default: return viewOf(name, nowMs);
  }
}

/** `name`: the kind, a slash, the id; ids of models and prices have slashes in them. */
function viewOf(name: string, nowMs: number): Entity {
  const slash = name.indexOf('/');
  const [kind, id] = [kinds[name.slice(0, slash)], name.slice(slash + 1)];
  return { name, view: (state) => kind?.find(state, id, nowMs)?.view ?? null };
}

function zoneView(zone: Catalogue['TimeZoneSet'] | undefined): unknown {
  return zone === undefined ? null : { release: zone.release, known_until_ms: zone.known_until_ms };
}

export function settingsView(state: GovernanceState): object {
  return {
    webhooks_allow_private: state.webhooksAllowPrivate, unknown_price: state.unknownPrice,
    alerts: state.alerts, content_encryption: state.sealsContent ? 'on' : 'off',
    ...(state.content === null ? {} : { content: state.content }),
    write_off_after_s: state.writeOffAfterMs === null ? null : state.writeOffAfterMs / 1_000,
  };
}
