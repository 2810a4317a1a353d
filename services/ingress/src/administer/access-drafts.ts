// The events that go with a customer, a team or a key whose body names limits or a state. Its rules are
// checked, too: nothing goes into the log of somebody who could do nothing.
import { type EventDraft } from '@libs/events/envelope';
import { type AccessYaml, buildAccess } from '@libs/settings/access-shape';
import { type HttpRefusal, isRefusal } from '../shared/refusal';
import { type AccessOwner, checkRules, stateDrafts } from './access-bodies';
import { type MakeContext } from './entity-kind';
import { limitsDrafts } from './limits-kind';

type Value = AccessYaml & Parameters<typeof stateDrafts>[2] & Parameters<typeof limitsDrafts>[2];

/** `team`: of a key. */
export function accessDrafts(
  context: MakeContext, owner: AccessOwner, value: Value, team: string | null = null,
): readonly EventDraft[] | HttpRefusal {
  const limits = limitsDrafts(context, owner, value);
  if (isRefusal(limits)) return limits;
  const states = stateDrafts(context.state, owner, value);
  if (isRefusal(states)) return states;
  return checkRules(context.state, owner, buildAccess(value), team) ?? [...limits, ...states];
}
