// Limits as they are, in the fields of a body, to lay a partial change over.
import { addPico, usdFromPico } from '@libs/governance/money';
import { type Limits } from '@libs/governance/state';
import { type LimitsYaml } from '@libs/settings/limits-shape';

/** A raise that is over is left out: it would be refused. */
export function boundsAsBody(
  { budgets, rate_limits: rates, concurrent = [], max_concurrent: most }: Limits, nowMs: number,
): LimitsYaml {
  return {
    budgets: budgets.map(({ limit_pico_usd: limit, raise, time_zone: zone, ...rest }) => ({
      limit_usd: usdFromPico(limit), ...rest,
      // Said, so that it does not become that of the customer.
      ...(rest.calendar ? { time_zone: zone ?? 'UTC' } : {}),
      ...(raise === undefined || raise.until_ms <= nowMs ? {} : { raise: {
        limit_usd: usdFromPico(addPico(limit, raise.add_pico_usd)),
        until: new Date(raise.until_ms).toISOString(),
      } }),
    })),
    rate_limits: [...rates, ...concurrent],
    max_concurrent: most,
  };
}
