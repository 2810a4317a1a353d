// Orders of clients: submit, cancel, deliver the webhook again.
import type { DraftOf } from '@libs/events/envelope';
import { type Decision, type IngressCommand, accept, refuse } from './commands';
import type { JobState } from './state';

type Of<T extends IngressCommand['type']> = Extract<IngressCommand, { type: T }>;

export function submitJob(state: JobState | undefined, command: Of<'SubmitJob'>): Decision {
  if (state !== undefined) return refuse('already_submitted');
  const { deadline_at_ms: deadlineMs, run_at_ms: runAtMs } = command.data;
  if (deadlineMs <= command.nowMs) return refuse('deadline_passed');
  if (runAtMs !== null && runAtMs >= deadlineMs) return refuse('starts_after_deadline');
  const { id: subject, tenant } = command.job;
  return accept({ type: 'JobSubmitted', subject, tenant, data: command.data });
}

/** Asking a second time adds nothing; a settled job answers as it is. */
export function requestCancel(state: JobState, command: Of<'RequestCancel'>): Decision {
  if (state.phase === 'settled') return refuse('already_settled');
  if (state.phase === 'deduplicated') return refuse('already_deduplicated');
  if (state.cancelRequestedBy !== null) return refuse('cancel_already_requested');
  const { by, reason } = command;
  return accept(cancelRequest(state, { by, reason }));
}

/** For an ingress, which holds no job states: the fold ignores what comes too late. */
export function cancelRequest(
  job: { readonly id: string; readonly tenant: string },
  data: DraftOf<'JobCancelRequested'>['data'],
): DraftOf<'JobCancelRequested'> {
  return { type: 'JobCancelRequested', subject: job.id, tenant: job.tenant, data };
}

export function requestRedelivery(state: JobState): Decision {
  if (state.phase !== 'settled') return refuse('not_settled');
  if (state.webhook === null) return refuse('no_webhook');
  const { delivery, endpointId } = state.webhook;
  return accept({
    type: 'WebhookRedeliverRequested',
    subject: state.id,
    tenant: state.tenant,
    data: { delivery, endpoint_id: endpointId },
  });
}
