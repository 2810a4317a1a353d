// The part of applying a configuration that is about settings of the whole system.
import type { EventDraft } from '@libs/events/envelope';
import { defaultAlerts } from './alert-settings';
import type { DesiredConfig } from './desired-config';
import { sameValue } from './diff-fields';
import { changed, type DiffPart, emptyPart } from './diff-part';
import { writeOffAfterMs } from './evolve';
import { type GovernanceState, systemTenant, unknownPriceDefault } from './state';

const defaultSettings: NonNullable<DesiredConfig['settings']> = { webhooks_allow_private: false };

/** Settings that the file does not name any more go back to their defaults, if it had set them. */
export function diffSettings(state: GovernanceState, desired: DesiredConfig): DiffPart {
  const part = emptyPart();
  const staysAsIs = state.settingsOrigin !== 'file' || desired.names_providers === false;
  if (desired.settings === null && staysAsIs) return part;
  const settings = desired.settings ?? defaultSettings;
  const isSame = settings.webhooks_allow_private === state.webhooksAllowPrivate
    && (settings.unknown_price ?? unknownPriceDefault) === state.unknownPrice
    && writeOffAfterMs(settings.write_off_after_s) === state.writeOffAfterMs
    && sameValue(settings.alerts ?? defaultAlerts, state.alerts)
    && (settings.content_encryption !== 'off') === state.sealsContent
    && sameValue(settings.content ?? {}, state.content ?? {});
  if (isSame) return part;
  const [entity, id] = ['settings', 'webhooks'] as const;
  if (state.settingsOrigin === 'api') {
    part.conflicts.push({ entity, id, message: 'these settings were changed by the API' });
    return part;
  }
  const now = {
    webhooks_allow_private: state.webhooksAllowPrivate, unknown_price: state.unknownPrice,
    write_off_after_ms: state.writeOffAfterMs, alerts: state.alerts,
    content_encryption: state.sealsContent ? 'on' : 'off', content: state.content ?? {},
  };
  part.changes.push(changed(entity, id, now, {
    webhooks_allow_private: settings.webhooks_allow_private,
    unknown_price: settings.unknown_price ?? unknownPriceDefault,
    write_off_after_ms: writeOffAfterMs(settings.write_off_after_s),
    alerts: settings.alerts ?? defaultAlerts,
    content_encryption: settings.content_encryption ?? 'on', content: settings.content ?? {},
  }));
  part.sets.push(settingsDraft(settings));
  return part;
}

function settingsDraft(settings: NonNullable<DesiredConfig['settings']>): EventDraft {
  return {
    type: 'SettingsChanged', subject: 'webhooks', tenant: systemTenant,
    data: { ...settings, origin: 'file' },
  };
}
