// Every order to a job: the facts that follow from it, or why it is refused. Pure.
import { type Command, type Decision, type RouterCommand, refuse } from './commands';
import { type Assignment, decideOutcome, isWorkerCommand } from './decide-outcome';
import { decideRouting } from './decide-routing';
import { requestCancel, requestRedelivery, submitJob } from './decide-submission';
import { dueWebhook, reportDelivered, reportDeliveryFailed } from './decide-webhook';
import type { JobState } from './state';

/**
 * What `command` does to the job. `undefined`: no such job yet. Workers, who hold no state, decide
 * by `decideOutcome` from what they were handed; here their orders are checked against the state.
 */
export function decide(state: JobState | undefined, command: Command): Decision {
  if (command.type === 'SubmitJob') return submitJob(state, command);
  if (state === undefined) return refuse('no_such_job');
  if (isWorkerCommand(command)) {
    const held = assignmentOf(state);
    return typeof held === 'string' ? refuse(held) : decideOutcome(held, command);
  }
  switch (command.type) {
    case 'RequestCancel': return requestCancel(state, command);
    case 'RequestRedelivery': return requestRedelivery(state);
    case 'DueWebhook': return dueWebhook(state, command.nowMs);
    case 'ReportDelivered': return reportDelivered(state, command.data);
    case 'ReportDeliveryFailed': return reportDeliveryFailed(state, command.data);
    case 'RouteJob': case 'DeferJob': case 'RejectJob': case 'DeduplicateJob':
    case 'CancelJob': case 'ExpireJob': case 'WriteOffHold': case 'AnswerHold':
      return decideRouting(state, command satisfies RouterCommand);
  }
}

function assignmentOf(state: JobState): Assignment | 'already_settled' | 'already_deduplicated' | 'not_running' {
  switch (state.phase) {
    case 'settled': return 'already_settled';
    case 'deduplicated': return 'already_deduplicated';
    case 'waiting': case 'deferred': return 'not_running';
    case 'running': return { id: state.id, tenant: state.tenant, routing: state.routed.routing };
  }
}
