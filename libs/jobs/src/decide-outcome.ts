// Orders of a worker about the routing it holds. It has no state of the job, only what it was handed:
// whether its word still counts is for the fold to say.
import type { AttemptRecord } from '@libs/events/attempts';
import type { Catalogue } from '@libs/events/catalogue';
import { type Command, type Decision, type WorkerCommand, accept, refuse } from './commands';

/** What a worker was handed. */
export interface Assignment {
  readonly id: string;
  readonly tenant: string;
  readonly routing: number;
}

const workerCommands: ReadonlySet<string> = new Set<WorkerCommand['type']>([
  'FailAttempt', 'AbandonRouting', 'ReturnRouting', 'ExhaustPlan', 'SucceedJob', 'FailJob',
  'EndCanceled', 'EndExpired',
]);

export function isWorkerCommand(command: Command): command is WorkerCommand {
  return workerCommands.has(command.type);
}

/** The facts a worker appends. Calls of another routing, and answers from none, are refused. */
export function decideOutcome(held: Assignment, command: WorkerCommand): Decision {
  const { routing } = held;
  if (attemptsOf(command).some((attempt) => attempt.routing !== routing)) {
    return refuse('not_this_routing');
  }
  const about = { subject: held.id, tenant: held.tenant };
  switch (command.type) {
    case 'FailAttempt':
      return accept({ type: 'AttemptFailed', ...about, data: { attempt: command.attempt } });
    case 'AbandonRouting': {
      const { attempt, reason, content_sent, continuation } = command;
      const more = continuation === undefined ? {} : { continuation };
      const data = { routing, attempt, reason, content_sent, ...more };
      return accept({ type: 'AttemptAbandoned', ...about, data });
    }
    case 'ReturnRouting':
      return accept({ type: 'AttemptReturned', ...about, data: { routing, reason: command.reason } });
    case 'ExhaustPlan':
      return accept({ type: 'PlanExhausted', ...about, data: { routing, errors: command.errors } });
    case 'SucceedJob': {
      if (command.attempts.at(-1)?.outcome !== 'succeeded') return refuse('answer_without_attempt');
      return accept({ type: 'JobSucceeded', ...about, data: succeeded(routing, command) });
    }
    case 'FailJob': {
      const { attempts, error, status, result } = command;
      const data = { routing, attempts, error, status, result };
      return accept({ type: 'JobFailed', ...about, data });
    }
    case 'EndCanceled': {
      const data = { by: command.by, routing, attempts: [...command.attempts] };
      return accept({ type: 'JobCanceled', ...about, data });
    }
    case 'EndExpired':
      return accept({ type: 'JobExpired', ...about, data: { routing, attempts: [...command.attempts] } });
  }
}

function succeeded(
  routing: number, command: Extract<WorkerCommand, { type: 'SucceedJob' }>,
): Catalogue['JobSucceeded'] {
  const { attempts, provider, model, usage, cost_pico_usd, status, result, dropped_params } = command;
  return {
    routing, attempts, provider, model, usage, cost_pico_usd, status, result, dropped_params,
  };
}

function attemptsOf(command: WorkerCommand): readonly AttemptRecord[] {
  switch (command.type) {
    case 'FailAttempt': return [command.attempt];
    case 'AbandonRouting': return command.attempt === null ? [] : [command.attempt];
    case 'ReturnRouting': case 'ExhaustPlan': return [];
    case 'SucceedJob': case 'FailJob': case 'EndCanceled': case 'EndExpired':
      return command.attempts;
  }
}
