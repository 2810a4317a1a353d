// The first virtual key, so that a fresh system can be used: made once, whoever starts first.
import { createHash } from 'node:crypto';
import { type EventDraft } from '@libs/events/envelope';
import { isFault } from '@libs/faults/faults';
import { type GovernanceState } from '@libs/governance/state';
import { type Edge } from './shared/edge';

const tenant = 'default';
const keyId = 'bootstrap';
const retryMs = 1_000;

/** Waits for the log as long as it takes. */
export async function bootstrap(edge: Edge): Promise<void> {
  const value = edge.settings.HOLDFAST_BOOTSTRAP_KEY?.reveal();
  if (value === undefined) return;
  for (;;) {
    try {
      await edge.governance.change((state) => bootstrapDrafts(state, value));
      return;
    } catch (error) {
      if (!isFault(error) || !error.rule.retry) throw error;
      edge.logger.warn({ err: error }, 'the first key is not made yet');
      await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
  }
}

export function bootstrapDrafts(state: GovernanceState, value: string): EventDraft[] {
  const hash = createHash('sha256').update(value).digest('hex');
  if (state.keyIdByHash.has(hash)) return [];
  const drafts: EventDraft[] = [];
  if (!state.customers.has(tenant)) {
    drafts.push({
      type: 'CustomerSet', subject: tenant, tenant,
      data: { customer: tenant, name: null, weight: 1, origin: 'system' },
    });
  }
  drafts.push({
    type: 'KeyCreated', subject: keyId, tenant,
    data: {
      key: keyId, hash, hint: value.slice(0, 7), team: null, name: 'bootstrap', models: [],
      providers: [], visibility: 'customer', metadata: {}, expires_at_ms: null, origin: 'system',
    },
  });
  return drafts;
}
