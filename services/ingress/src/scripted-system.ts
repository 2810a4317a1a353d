// For specs: the rest of the system, scripted. Follows the in-memory log like a router, answers its
// questions, and settles jobs like a worker, as the spec says.
import { type AnyEvent, type EventDraft, stamp } from '@libs/events/envelope';
import { type RateLeft } from '@libs/events/limits';
import { partitionOf, subjects } from '@libs/events/subjects';
import { type ContentKeys } from '@libs/content-keys/content-keys';
import { keysForSpecs } from '@libs/content-keys/keys-for-specs';
import { sealInline } from '@libs/content-keys/sealed-content';
import { type ContentLine } from '@libs/events/content';
import { type Commit, type EventLog } from '@libs/log/log';
import { evolve } from '@libs/jobs/evolve';
import { type JobState } from '@libs/jobs/state';
import { viewOf } from '@libs/jobs/view';
import { type AskRouter, type JobAnswer } from '@libs/signals/ask-messages';
import { encodeReplies, type ReplyMessage } from '@libs/signals/reply-messages';
import { signalSubjects, type Signals } from '@libs/signals/signals';
import { newEventId } from '@libs/telemetry/ids';

type Submitted = Extract<AnyEvent, { type: 'JobSubmitted' }>;

const partitionCount = 4;

export class ScriptedSystem {
  readonly jobs = new Map<string, JobState>();
  /** Nobody owns any partition: questions stay without an answer. */
  isRouterAway = false;
  /** When keys were used, as the owners would say. */
  keyUses: readonly { key: string; atMs: number; models: object[]; open_jobs: number }[] = [];
  /** Provider calls that were made. */
  calls = 0;
  /** What the router says of rate limits when it is asked. */
  rates: readonly RateLeft[] = [];
  /** Events seen, in log order. */
  readonly events: AnyEvent[] = [];
  readonly #firstByKey = new Map<string, Submitted>();
  readonly #watchers = new Map<string, Set<string>>();
  #folded = 0;

  constructor(
    private readonly log: EventLog,
    private readonly signals: Signals,
    private readonly keys: ContentKeys = keysForSpecs(),
  ) {}

  /** What happens with a submission that is not a duplicate. */
  script: (submitted: Submitted) => Promise<void> | void = (submitted) =>
    this.succeed(submitted, answerBody);

  async start(): Promise<void> {
    await this.log.follow({
      subjects: ['events.job.>'],
      after: null,
      onCommit: (commit) => this.#fold(commit),
      onStopped: (error) => {
        throw error;
      },
    });
    for (let partition = 0; partition < partitionCount; partition += 1) {
      this.signals.subscribe(signalSubjects.askRouter(partition), (text, _subject, respond) => {
        if (this.isRouterAway) return;
        const question = JSON.parse(text) as AskRouter;
        const jobs = question.jobs.map((id) => this.#answer(id, question));
        const asked = question.key_uses ?? [];
        const uses = this.keyUses.filter(({ key }) => asked.includes(key));
        const { rates } = question.rates === undefined ? {} : this;
        const answer = {
          router: 'scripted', epoch: 1, folded: this.#folded, jobs, key_uses: uses, rates,
        };
        respond?.(JSON.stringify(answer));
      });
    }
  }

  async append(
    kind: 'routed' | 'settled', drafts: readonly EventDraft[], content: readonly ContentLine[] = [],
  ): Promise<number> {
    const partition = partitionOf(drafts[0]?.tenant ?? '', partitionCount);
    const events = drafts.map((draft) => stamp(draft, newEventId(), Date.now()));
    const entry = { events, content };
    return (await this.log.append(subjects.job(partition, kind), entry)).sequence;
  }

  async succeed(
    submitted: Submitted, body: string,
    options: { reply?: boolean; rates?: readonly RateLeft[] } = {},
  ): Promise<void> {
    this.calls += 1;
    const { subject: job, tenant, data } = submitted;
    const attemptId = `att_${job.slice(4)}`;
    const content = sealInline(body, await this.keys.keyOfContent(data.body));
    if (content === null) throw new Error('the scripted system has small bodies only');
    const sequence = await this.append('settled', [{
      type: 'JobSucceeded', subject: job, tenant,
      data: {
        routing: 1, attempts: [attempt(attemptId)], provider: 'sim', model: data.model,
        usage: null, cost_pico_usd: '123000000', status: 200,
        result: content.ref, dropped_params: [],
      },
    }], content.lines);
    if (options.reply === false || data.mode === 'async') return;
    this.send(data.call.reply_to, {
      kind: 'result', job, outcome: 'succeeded', sequence, line: 0, status: 200, body,
      error: null, provider: 'sim', model: data.model, attempts: 1,
      cost_pico_usd: '123000000', dropped_params: [], attempt_id: attemptId,
      ...(options.rates === undefined ? {} : { rates: options.rates }),
    });
  }

  send(to: string | null, ...messages: ReplyMessage[]): void {
    if (to !== null) this.signals.publish(signalSubjects.reply(to), encodeReplies(messages));
  }

  #fold(commit: Commit): void {
    commit.events.forEach((event, line) => {
      const before = this.jobs.get(event.subject);
      const after = evolve(before, event, { sequence: commit.sequence, line });
      if (after !== undefined) this.jobs.set(event.subject, after);
      this.events.push(event);
      if (event.type === 'JobSubmitted') this.#submitted(event);
      if (before?.phase !== 'settled') this.#tellWatchers(event, commit.sequence, line);
    });
    this.#folded = commit.sequence;
  }

  #submitted(event: Submitted): void {
    const { idempotency, call, key } = event.data;
    if (idempotency === null) {
      void this.script(event);
      return;
    }
    const id = `${key}\n${idempotency.key}`;
    const first = this.#firstByKey.get(id);
    if (first !== undefined) {
      void this.#closeDuplicate(event, first);
      return;
    }
    this.#firstByKey.set(id, event);
    this.send(call.reply_to, {
      kind: 'verdict', job: event.subject, verdict: 'accepted', of: null,
    });
    void this.script(event);
  }

  async #closeDuplicate(event: Submitted, first: Submitted): Promise<void> {
    const { subject, tenant, data } = event;
    const to = data.call.reply_to;
    if (first.data.idempotency?.body_sha256 === data.idempotency?.body_sha256) {
      const of = first.subject;
      await this.append('routed', [{ type: 'JobDeduplicated', subject, tenant, data: { of } }]);
      this.send(to, { kind: 'verdict', job: subject, verdict: 'deduplicated', of });
      return;
    }
    await this.append('routed', [{
      type: 'JobRejected', subject, tenant,
      data: {
        reason: 'idempotency_mismatch', status: 422, message: 'mismatch', errors: [],
        retry_after_s: null,
      },
    }]);
    this.send(to, { kind: 'verdict', job: subject, verdict: 'mismatch', of: null });
  }

  #tellWatchers(event: AnyEvent, sequence: number, line: number): void {
    const job = event.subject;
    const state = this.jobs.get(job);
    if (state?.phase !== 'settled') return;
    for (const to of this.#watchers.get(job) ?? []) {
      this.send(to, { kind: 'settled', job, status: state.status, sequence, line });
    }
    this.#watchers.delete(job);
  }

  #answer(id: string, question: AskRouter): JobAnswer {
    const state = this.jobs.get(id);
    if (state === undefined) return { id, known: false };
    if (question.watch !== null && question.unwatch !== true) {
      this.#watchers.set(id, (this.#watchers.get(id) ?? new Set()).add(question.watch));
    }
    return {
      id, known: true, tenant: state.tenant, team: state.submitted.team,
      key: state.submitted.key, view: { ...viewOf(state) },
      duplicate_of: state.phase === 'deduplicated' ? state.of : null,
      terminal: state.phase === 'settled' ? state.terminal : null,
    };
  }
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
