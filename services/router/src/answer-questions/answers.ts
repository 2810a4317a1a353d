// Answers questions about jobs of owned partitions, and tells ingresses in log order what they wait
// for: settled jobs, verdicts on keyed submissions.
import type { RateLeft } from '@libs/events/limits';
import { viewOf } from '@libs/jobs/view';
import type { JobState, SettledJob } from '@libs/jobs/state';
import type { Commit } from '@libs/log/log';
import { findJob, type FoldNews, type PartitionState } from '@libs/routing/partition-state';
import { alertReports } from '@libs/routing/alerts/alert-report';
import { healthView } from '@libs/routing/health-view';
import { keyUses } from '@libs/routing/key-uses';
import { usageLines } from '@libs/routing/ledger/usage-view';
import { refusalOf } from '@libs/routing/holds/open-holds';
import { holdsPage } from '@libs/routing/holds/holds-view';
import { queueDepth } from '@libs/routing/queue-depth';
import { ratesNow } from '@libs/routing/ledger/within-limits';
import type { AskRouter, JobAnswer, RatedRequest, RouterAnswer } from '@libs/signals/ask-messages';
import { signalSubjects, type Signals, type SignalSubscription } from '@libs/signals/signals';
import type { Clock } from '../shared/clock';
import type { ReplySender } from '../shared/reply-sender';
import type { World } from '@libs/routing/world';
import { Watchers } from './watchers';

/** Of 500 bytes each: far below the payload limit of 1 MB. */
const holdsPerAnswer = 500;

export class Answers {
  readonly #watchers = new Watchers();
  readonly #subscriptions = new Map<number, SignalSubscription>();

  constructor(
    private readonly world: World,
    private readonly signals: Signals,
    private readonly replies: ReplySender,
    private readonly own: { readonly instance: string; readonly now: Clock },
  ) {}

  began(state: PartitionState): void {
    const subject = signalSubjects.askRouter(state.partition);
    this.#subscriptions.set(state.partition, this.signals.subscribe(subject, (text, _, respond) => {
      const answer = this.#answer(state, JSON.parse(text) as AskRouter);
      respond?.(JSON.stringify(answer));
    }));
  }

  ended(state: PartitionState): void {
    this.#subscriptions.get(state.partition)?.stop();
    this.#subscriptions.delete(state.partition);
  }

  /** After each commit of an owned partition. */
  folded(commit: Commit, news: FoldNews): void {
    for (const job of news.settled) this.#tellSettled(job, commit.subject.endsWith('.routed'));
    for (const { job, verdict } of news.verdicts) {
      const ingress = job.submitted.call.reply_to;
      if (ingress === null) continue;
      this.replies.send(ingress, {
        kind: 'verdict',
        job: job.id,
        verdict: verdict.kind === 'duplicate' ? 'deduplicated' : verdict.kind,
        of: verdict.kind === 'duplicate' ? verdict.of : null,
      });
    }
  }

  /** Whom no worker tells: the router's own ends reach the caller from here. */
  #tellSettled(job: SettledJob, byRouter: boolean): void {
    const told = this.#watchers.take(job.id);
    const { mode, call } = job.submitted;
    const caller = byRouter && mode !== 'async' ? call.reply_to : null;
    for (const ingress of told) this.#sendSettled(ingress, job);
    if (caller !== null && !told.includes(caller)) this.#sendSettled(caller, job);
  }

  #sendSettled(ingress: string, job: SettledJob): void {
    const { status, terminal } = job;
    this.replies.send(ingress, { kind: 'settled', job: job.id, status, ...terminal });
  }

  #answer(state: PartitionState, question: AskRouter): RouterAnswer {
    return {
      router: this.own.instance,
      epoch: state.owner?.epoch ?? 0,
      folded: this.world.position?.sequence ?? 0,
      jobs: question.jobs.map((id) => this.#about(id, findJob(state, id), question)),
      ...(question.depth === true ? { depth: queueDepth(state) } : {}),
      ...(question.health === true ? { health: this.#health() } : {}),
      ...(question.usage === undefined ? {} : { usage: this.#usage(state, question.usage) }),
      ...(question.key_uses === undefined ? {} : { key_uses: keyUses(state, question.key_uses) }),
      ...(question.rates === undefined ? {} : { rates: this.#rates(state, question.rates) }),
      ...(question.alerts === undefined ? {} : { alerts: this.#alerts(state, question.alerts.tenant) }),
      ...this.#aboutHolds(state, question),
    };
  }

  #aboutHolds(
    state: PartitionState, { holds, hold_possible: possible, hold_verdict: request }: AskRouter,
  ): Partial<RouterAnswer> {
    return {
      ...(holds === undefined ? {} : {
        holds: holdsPage(state, this.world.governance, { ...holds, most: holdsPerAnswer }),
      }),
      ...(possible === undefined ? {} : {
        hold_refused: refusalOf(findJob(state, possible.job), possible.asked),
      }),
      ...(request === undefined ? {} : { hold_verdict: state.holds.verdicts.get(request) ?? null }),
    };
  }

  #health(): readonly object[] {
    return healthView(this.world.load, this.world.governance, this.own.now());
  }

  #usage(state: PartitionState, names: readonly string[]): readonly object[] {
    const { limits } = this.world.governance;
    const known = names.flatMap((name) => limits.get(name) ?? []);
    return usageLines(state.ledger, known, this.own.now());
  }

  #rates(state: PartitionState, { tenant, ...submitted }: RatedRequest): readonly RateLeft[] {
    const limits = { ledger: state.ledger, reserved: state.work?.reserved ?? new Map() };
    return ratesNow({ tenant, submitted }, this.world.governance, limits, this.own.now());
  }

  #alerts(state: PartitionState, tenant: string | null): readonly object[] {
    const { governance, load } = this.world;
    return alertReports(state, { governance, load, nowMs: this.own.now() }, tenant);
  }

  #about(id: string, job: JobState | undefined, question: AskRouter): JobAnswer {
    const { watch, unwatch } = question;
    const open = job?.phase !== 'settled' && job?.phase !== 'deduplicated';
    if (watch !== null && unwatch === true) this.#watchers.remove(id, watch);
    else if (watch !== null && open) this.#watchers.add(id, watch);
    return job === undefined ? { id, known: false } : answerOf(job);
  }
}

function answerOf(job: JobState): JobAnswer {
  return {
    id: job.id,
    known: true,
    tenant: job.tenant,
    team: job.submitted.team,
    key: job.submitted.key,
    view: { ...viewOf(job) },
    duplicate_of: job.phase === 'deduplicated' ? job.of : null,
    terminal: job.phase === 'settled' ? job.terminal : null,
  };
}
