// Takes from a state what every state knows, so that a change of phase leaves nothing behind.
import type { JobFacts, JobState } from './state';

export function factsOf(state: JobState): JobFacts {
  return {
    id: state.id,
    tenant: state.tenant,
    submitted: state.submitted,
    at: state.at,
    submittedAtMs: state.submittedAtMs,
    attempts: state.attempts,
    routings: state.routings,
    unknownRoutings: state.unknownRoutings,
    deferrals: state.deferrals,
    abandonments: state.abandonments,
    cancelRequestedBy: state.cancelRequestedBy,
    contentSent: state.contentSent,
    continuing: state.continuing,
  };
}
