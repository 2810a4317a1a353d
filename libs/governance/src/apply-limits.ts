// The part of applying a configuration that is about budgets and rate limits.
import type { EventDraft } from '@libs/events/envelope';
import type { DesiredConfig } from './desired-config';
import { sameValue } from './diff-fields';
import { changed, type DiffPart, emptyPart, removed } from './diff-part';
import { limitsName } from './limits';
import { addPico, usdFromPico } from './money';
import type { GovernanceState, Limits } from './state';

type Wanted = NonNullable<DesiredConfig['limits']>[number];

/** Bounds that the file does not name any more are lifted, if the file had set them. */
export function diffLimits(state: GovernanceState, desired: DesiredConfig): DiffPart {
  const part = emptyPart();
  const wanted = desired.limits ?? [];
  for (const one of wanted) {
    const id = limitsName(one.level, one.id);
    const now = state.limits.get(id);
    const { customer: tenant, ...data } = one;
    if (now?.origin === 'api') {
      part.conflicts.push({ entity: 'limits', id, message: `limits of ${id} were set by the API` });
    } else if (now === undefined || !isAs(now, { ...data, tenant, origin: 'file' })) {
      part.sets.push(limitsDraft(one));
      part.changes.push(changed('limits', id, now && shown(now), shown(data)));
    }
  }
  const names = new Set(wanted.map(({ level, id }) => limitsName(level, id)));
  for (const [id, now] of state.limits) {
    if (now.origin !== 'file' || names.has(id)) continue;
    const lifted = { budgets: [], rate_limits: [], max_concurrent: null };
    part.removals.push(
      limitsDraft({ level: now.level, id: now.id, customer: now.tenant, ...lifted }));
    part.changes.push(removed('limits', id));
  }
  return part;
}

/** Amounts as people write them; raises and time zones stand in events of their own, which stay. */
function shown(limits: Omit<Wanted, 'customer'> & Partial<Limits>): object {
  const { budgets, ...rest } = limits;
  return {
    ...rest, raises: undefined, zones: undefined,
    budgets: budgets.map(({ limit_pico_usd: limit, raise, ...scope }) => ({
      limit_usd: usdFromPico(limit), ...scope,
      ...(raise === undefined ? {} : { raise: {
        limit_usd: usdFromPico(addPico(limit, raise.add_pico_usd)),
        until: new Date(raise.until_ms).toISOString(),
      } }),
    })),
  };
}

/** What other events add is no part of what was set. */
function isAs(now: Limits, wanted: Omit<Limits, 'raises' | 'zones'>): boolean {
  const { raises, zones } = now;
  return sameValue(now, { ...wanted, raises, zones });
}

function limitsDraft({ customer: tenant, ...data }: Wanted): EventDraft {
  return {
    type: 'LimitsSet', subject: limitsName(data.level, data.id), tenant,
    data: { ...data, origin: 'file' },
  };
}
