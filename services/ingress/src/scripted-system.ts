// For specs: the rest of the system, scripted. Follows the in-memory log like a router, answers its
// questions, and settles jobs like a worker, as the spec says.
import { type AnyEvent, type EventDraft, stamp } from '@libs/events/envelope';
import { partitionOf, subjects } from '@libs/events/subjects';
import { inlineContent } from '@libs/log/content';
import { type InMemoryLog } from '@libs/log/in-memory-log';
import { type EventLog } from '@libs/log/log';
import { evolve } from '@libs/jobs/evolve';
import { type JobState } from '@libs/jobs/state';
import { viewOf } from '@libs/jobs/view';
import { type AskRouter, type JobAnswer } from '@libs/signals/ask-messages';
import { encodeReplies, type ReplyMessage } from '@libs/signals/reply-messages';
import { signalSubjects, type Signals } from '@libs/signals/signals';
import { newEventId } from '@libs/telemetry/ids';

type Submitted = Extract<AnyEvent, { type: 'JobSubmitted' }>;

export interface ScriptedSystem {
  readonly jobs: Map<string, JobState>;
  /** Provider calls that were made. */
  calls: number;
  /** Events seen, in log order. */
  readonly events: AnyEvent[];
  /** What happens with a submission that is not a duplicate. */
  script: (submitted: Submitted) => Promise<void> | void;
  succeed(submitted: Submitted, body: string, options?: { reply?: boolean }): Promise<void>;
  append(kind: 'routed' | 'settled', drafts: EventDraft[], content?: string): Promise<number>;
  send(to: string | null, ...messages: ReplyMessage[]): void;
}

const partitionCount = 4;

export async function startScriptedSystem(
  log: EventLog | InMemoryLog, signals: Signals,
): Promise<ScriptedSystem> {
  const jobs = new Map<string, JobState>();
  const firstByKey = new Map<string, Submitted>();
  const watchers = new Map<string, Set<string>>();
  let folded = 0;

  const system: ScriptedSystem = {
    jobs,
    calls: 0,
    events: [],
    script: (submitted) => system.succeed(submitted, answerBody),
    append: async (kind, drafts, content) => {
      const [first] = drafts;
      const partition = partitionOf(first?.tenant ?? '', partitionCount);
      const events = drafts.map((draft) => stamp(draft, newEventId(), Date.now()));
      const lines = content === undefined ? [] : inlineContent(content)?.lines ?? [];
      const appended = await log.append(subjects.job(partition, kind), { events, content: lines });
      return appended.sequence;
    },
    succeed: async (submitted, body, options = {}) => {
      system.calls += 1;
      const { subject: job, tenant, data } = submitted;
      const attemptId = `att_${job.slice(4)}`;
      const sequence = await system.append('settled', [{
        type: 'JobSucceeded', subject: job, tenant,
        data: {
          routing: 1, attempts: [attempt(attemptId)], provider: 'sim', model: data.model,
          usage: null, cost_pico_usd: '123000000', status: 200,
          result: contentRef(body), dropped_params: [],
        },
      }], body);
      if (options.reply === false || data.mode === 'async') return;
      system.send(data.call.reply_to, {
        kind: 'result', job, outcome: 'succeeded', sequence, line: 0, status: 200, body,
        error: null, provider: 'sim', model: data.model, attempts: 1,
        cost_pico_usd: '123000000', dropped_params: [], attempt_id: attemptId,
      });
    },
    send: (to, ...messages) => {
      if (to !== null) signals.publish(signalSubjects.reply(to), encodeReplies(messages));
    },
  };

  const settle = (event: AnyEvent, sequence: number, line: number): void => {
    const state = jobs.get(event.subject);
    if (state?.phase !== 'settled') return;
    for (const to of watchers.get(event.subject) ?? []) {
      system.send(to, {
        kind: 'settled', job: event.subject, status: state.status, sequence, line,
      });
    }
    watchers.delete(event.subject);
  };

  const submission = (event: Submitted): void => {
    const { idempotency, call, key } = event.data;
    if (idempotency === null) return void system.script(event);
    const id = `${key}\n${idempotency.key}`;
    const first = firstByKey.get(id);
    const to = call.reply_to;
    if (first === undefined) {
      firstByKey.set(id, event);
      system.send(to, { kind: 'verdict', job: event.subject, verdict: 'accepted', of: null });
      return void system.script(event);
    }
    const same = first.data.idempotency?.body_sha256 === idempotency.body_sha256;
    const about = { subject: event.subject, tenant: event.tenant };
    void system.append('routed', [same
      ? { type: 'JobDeduplicated', ...about, data: { of: first.subject } }
      : {
          type: 'JobRejected', ...about,
          data: {
            reason: 'idempotency_mismatch', status: 422, message: 'mismatch', errors: [],
            retry_after_s: null,
          },
        }]).then(() => system.send(to, same
      ? { kind: 'verdict', job: event.subject, verdict: 'deduplicated', of: first.subject }
      : { kind: 'verdict', job: event.subject, verdict: 'mismatch', of: null }));
  };

  await log.follow({
    subjects: ['events.job.>'],
    after: null,
    onCommit: (commit) => {
      commit.events.forEach((event, line) => {
        const at = { sequence: commit.sequence, line };
        const before = jobs.get(event.subject);
        const after = evolve(before, event, at);
        if (after !== undefined) jobs.set(event.subject, after);
        system.events.push(event);
        if (event.type === 'JobSubmitted') submission(event as Submitted);
        if (before?.phase !== 'settled') settle(event, commit.sequence, line);
      });
      folded = commit.sequence;
    },
    onStopped: (error) => {
      throw error;
    },
  });
  for (let partition = 0; partition < partitionCount; partition += 1) {
    signals.subscribe(signalSubjects.askRouter(partition), (text, _subject, respond) => {
      const question = JSON.parse(text) as AskRouter;
      const answers = question.jobs.map((id): JobAnswer => {
        const state = jobs.get(id);
        if (state === undefined) return { id, known: false };
        if (question.watch !== null && question.unwatch !== true) {
          watchers.set(id, (watchers.get(id) ?? new Set()).add(question.watch));
        }
        return {
          id, known: true, tenant: state.tenant, team: state.submitted.team,
          key: state.submitted.key, view: { ...viewOf(state) },
          duplicate_of: state.phase === 'deduplicated' ? state.of : null,
          terminal: state.phase === 'settled' ? state.terminal : null,
        };
      });
      respond?.(JSON.stringify({ router: 'scripted', epoch: 1, folded, jobs: answers }));
    });
  }
  return system;
}

export const answerBody = JSON.stringify({
  id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: 'small',
  choices: [{
    index: 0, message: { role: 'assistant', content: 'Hello there' }, finish_reason: 'stop',
  }],
  usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
});

function attempt(attemptId: string) {
  return {
    attempt_id: attemptId, routing: 1, provider: 'sim', key: 'main', model: 'small',
    started_at_ms: 1, duration_ms: 1, first_token_ms: null, outcome: 'succeeded' as const,
    error: null, retry_after_ms: null, usage: null, cost_pico_usd: '123000000',
  };
}

function contentRef(body: string) {
  const content = inlineContent(body);
  if (content === null) throw new Error('the scripted system has small bodies only');
  return content.ref;
}
