// The section `alerts` of a file: when they are raised, and where operators are told.
import { createHash } from 'node:crypto';
import { type AlertSettings, alertType } from '@libs/events/alert-events';
import { defaultAlerts } from '@libs/governance/alert-settings';
import type { DesiredConfig } from '@libs/governance/desired-config';
import { systemTenant } from '@libs/governance/state';
import type { ProblemList } from './config-problem';
import type { AlertsYaml } from './holdfast-yaml';

const dayMs = 86_400_000;

export interface AlertsBuilt {
  readonly settings: AlertSettings;
  readonly endpoints: NonNullable<DesiredConfig['alert_endpoints']>;
}

export function buildAlerts(yaml: AlertsYaml, list: ProblemList): AlertsBuilt {
  const { key_expiring_days: days, outcome_unknown_after_s: seconds, webhooks = [] } = yaml;
  const endpoints: AlertsBuilt['endpoints'] = [];
  const told: AlertSettings['endpoints'] = [];
  for (const [index, { url, endpoint: named, events = [...alertType.options] }] of webhooks.entries()) {
    const endpoint = named ?? endpointId(url ?? '');
    if (told.some((one) => one.endpoint === endpoint)) {
      list.add(['alerts', 'webhooks', index], 'this one is there twice; name all its events at once');
    }
    told.push({ endpoint, events });
    if (url !== undefined) endpoints.push({ endpoint, url, events });
  }
  return {
    settings: {
      key_expiring_ms: days?.map((count) => Math.round(count * dayMs)) ?? defaultAlerts.key_expiring_ms,
      outcome_unknown_after_ms: seconds === undefined
        ? defaultAlerts.outcome_unknown_after_ms : seconds * 1_000,
      endpoints: told,
    },
    endpoints,
  };
}

/** One endpoint per URL, so that its secret stays when the file is read again. */
function endpointId(url: string): string {
  const hash = createHash('sha256').update(`${systemTenant}\n${url}`).digest('hex');
  return `whe_${hash.slice(0, 24)}`;
}
