// What governance events say of the entities they change, for the record of an applied configuration.
import { type EventDraft } from '@libs/events/envelope';
import { type GovernanceState } from '@libs/governance/state';
import { type States, type Told } from './change-as';
import { kinds } from './entity-kinds';

/** By the beginning of an event's type. */
const families: readonly (readonly [string, string])[] = [
  ['Customer', 'customers'], ['Team', 'teams'], ['Key', 'keys'], ['Limits', 'limits'],
  ['Provider', 'providers'], ['Route', 'routes'], ['Price', 'prices'],
  ['Administrator', 'administrators'], ['Oidc', 'oidc'], ['Settings', 'settings'],
];

/**
 * What was made is in the events beside this one, whole; what was changed or removed is shown as it
 * was and as it is.
 */
export function tellApplied(
  drafts: readonly EventDraft[], { before, after }: States,
): Told {
  const was: Record<string, unknown> = {};
  const is: Record<string, unknown> = {};
  const created: string[] = [];
  for (const draft of drafts) {
    const { name, view } = entityOf(draft);
    const [then, now] = [view(before), view(after)];
    if (then === null) { created.push(name); continue; }
    was[name] = then;
    is[name] = now;
  }
  return {
    act: 'config.apply', about: 'config', detail: { changes: drafts.length, created },
    before: was, after: is,
  };
}

interface Entity {
  readonly name: string;
  readonly view: (state: GovernanceState) => unknown;
}

function entityOf({ type, subject }: EventDraft): Entity {
  const kindName = families.find(([beginning]) => type.startsWith(beginning))?.[1] ?? type;
  const name = `${kindName}/${subject}`;
  if (kindName === 'settings') return { name, view: settingsView };
  if (kindName === 'oidc') return { name: 'oidc', view: ({ oidc }) => oidc };
  const kind = kinds[kindName];
  return { name, view: (state) => kind?.find(state, subject)?.view ?? null };
}

export function settingsView(state: GovernanceState): object {
  return {
    webhooks_allow_private: state.webhooksAllowPrivate, unknown_price: state.unknownPrice,
    write_off_after_s: state.writeOffAfterMs === null ? null : state.writeOffAfterMs / 1_000,
  };
}
