// Calls a provider on a router's order, with the smallest request there is, and appends what came of
// it. No job waits for it: what is lost is asked for again.
import { type AttemptRecord } from '@libs/events/attempts';
import { type Candidate } from '@libs/events/job-events';
import { subjects } from '@libs/events/subjects';
import { systemTenant } from '@libs/governance/state';
import { priceOf } from '@libs/governance/prices';
import { type EventLog } from '@libs/log/log';
import { type ProbeOrder } from '@libs/signals/ask-messages';
import { signalSubjects, type Signals, type SignalSubscription } from '@libs/signals/signals';
import { newAttemptId } from '@libs/telemetry/ids';
import { type Counter } from '@libs/telemetry/metrics';
import { isFault } from '@libs/faults/faults';
import { type UpstreamOutcome, type UpstreamRequest, type UpstreamTarget } from '../providers/outcome';
import { attemptRecord } from '../shared/attempt-record';
import { type GovernanceFold } from '../shared/governance-fold';
import { type UpstreamTargets } from '../shared/upstream-targets';
import { writeFacts } from '../shared/write-facts';

export interface ProbeDeps {
  readonly log: EventLog;
  readonly governance: GovernanceFold;
  readonly targets: UpstreamTargets;
  readonly callProvider: (
    target: UpstreamTarget, request: UpstreamRequest, onDelta: () => void,
  ) => Promise<UpstreamOutcome>;
  readonly probes: Counter<'outcome'>;
  readonly now: () => number;
}

/** Longer than any healthy provider takes for one token. */
const patienceMs = 30_000;

export class Prober {
  readonly #running = new Set<string>();
  readonly #abort = new AbortController();
  #subscription: SignalSubscription | null = null;

  constructor(private readonly deps: ProbeDeps) {}

  /** One worker of all takes each order. */
  start(signals: Signals): void {
    this.#subscription = signals.subscribe(signalSubjects.probe, (text) => {
      const order = JSON.parse(text) as ProbeOrder;
      this.probe(order).catch((error: unknown) => {
        if (!isFault(error)) throw error;
        // The log is away, which everything else says louder; the order comes again.
        this.deps.probes.inc({ outcome: 'not_logged' });
      });
    }, 'workers');
  }

  stop(): void {
    this.#subscription?.stop();
    this.#abort.abort();
  }

  /** The attempt as appended; null when it is under way already or cannot be made. */
  async probe(order: ProbeOrder): Promise<AttemptRecord | null> {
    const name = `${order.provider}/${order.key} ${order.model}`;
    if (this.#running.has(name)) return null;
    this.#running.add(name);
    try {
      return await this.#call(order, name);
    } finally {
      this.#running.delete(name);
    }
  }

  async #call(order: ProbeOrder, name: string): Promise<AttemptRecord | null> {
    const { governance, targets, callProvider, now, log } = this.deps;
    const { provider, key, model } = order;
    const candidate: Candidate = {
      provider, key, model, price: priceOf(governance.state, provider, model), drop: [],
    };
    const found = targets.targetOf(candidate, governance.state);
    if (!found.ok) return null;
    const start = { attemptId: newAttemptId(), routing: 0, candidate, startedAtMs: now() };
    const request = requestFor(found.target, start.attemptId, {
      signal: this.#abort.signal, deadlineAtMs: now() + patienceMs,
    });
    const outcome = await callProvider(found.target, request, () => undefined);
    if (this.#abort.signal.aborted) return null;
    const attempt = attemptRecord(start, outcome, now(), false);
    const draft = {
      type: 'ProviderProbed' as const, subject: name, tenant: systemTenant, data: { attempt },
    };
    await writeFacts(log, subjects.job(0, 'attempted'), { drafts: [draft] }, now());
    this.deps.probes.inc({ outcome: attempt.outcome });
    return attempt;
  }
}

function requestFor(
  { kind, model }: UpstreamTarget, attemptId: string,
  bounds: Pick<UpstreamRequest, 'signal' | 'deadlineAtMs'>,
): UpstreamRequest {
  const body = { model, max_tokens: 1, messages: [{ role: 'user', content: 'ping' }] };
  return {
    surface: kind,
    endpoint: kind === 'anthropic' ? '/v1/messages' : '/v1/chat/completions',
    stream: false, streamUsage: false, body: Buffer.from(JSON.stringify(body)), headers: {}, attemptId,
    ...bounds,
  };
}
