// One worker: everything it holds, wired together, with its clockwork. No Nest here.
import { type Registry, counter } from '@libs/telemetry/metrics';
import { type ContentKeys, erasedKeys } from '@libs/content-keys/content-keys';
import { type AnyEvent } from '@libs/events/envelope';
import { type EventLog } from '@libs/log/log';
import { type Delivery } from '@libs/log/work-queue';
import { type Signals } from '@libs/signals/signals';
import { type EgressProxy } from '@libs/settings/egress-proxy';
import { type Secret } from '@libs/settings/secret';
import { guardedDispatcher } from '@libs/webhooks/guarded-dispatcher';
import { Slots } from './deliver-webhooks/slots';
import { handleDelivery, type Handled, type WorkDeps } from './handle-delivery';
import { attemptMetrics } from './run-attempts/attempt-metrics';
import { BodyQueue } from './run-attempts/body-queue';
import { ClosedKeys } from './run-attempts/closed-keys';
import { HeldCommits } from './run-attempts/held-commits';
import { heartbeat, listen } from './run-attempts/listen';
import { LostTime } from './run-attempts/lost-time';
import { answerRunning } from './run-attempts/redelivered';
import { ReplyOutbox } from './run-attempts/reply-outbox';
import { type CallProvider } from './run-attempts/run-job';
import { RunningJobs } from './run-attempts/running-jobs';
import { UpstreamTargets } from './shared/upstream-targets';
import { Prober } from './probe-providers/probe';
import { type GovernanceFold } from './shared/governance-fold';

/** How long the server waits for word of a commit before it hands it to another worker. */
export const ackWaitMs = 10_000;

export interface WorkerOptions {
  readonly instance: string;
  readonly log: EventLog;
  /** Data keys of content. */
  readonly keys: ContentKeys;
  readonly signals: Signals;
  readonly governance: GovernanceFold;
  readonly registry: Registry;
  readonly callProvider: CallProvider;
  readonly capacity: number;
  readonly webhookCapacity: number;
  /** Large request bodies in memory at the same time. */
  readonly bodiesMaxBytes: number;
  readonly masterKey: Secret;
  readonly publicUrl: string | null;
  readonly proxy: EgressProxy;
  readonly now: () => number;
}

export class Worker {
  readonly running = new RunningJobs();
  readonly held = new HeldCommits();
  readonly #deps: WorkDeps;
  readonly #stops: (() => void)[] = [];

  constructor(private readonly options: WorkerOptions) {
    this.#deps = wire(options, this.running, this.held);
    const { signals, now } = options;
    const { closedKeys, lostTime } = this.#deps.attempts;
    const listening = listen({ signals, running: this.running, closedKeys, now });
    const prober = new Prober({
      ...options, targets: this.#deps.attempts.targets,
      probes: counter(
        options.registry, 'probes_total', 'Background probes of providers by how they ended', ['outcome'],
      ),
    });
    prober.start(signals);
    const answering = answerRunning(this.held, signals, options.instance);
    signals.onReconnect(() => lostTime.reconnected());
    // Deadlines are given in seconds.
    const expiring = setInterval(() => this.running.expire(now()), 200);
    const telling = setInterval(() => this.#tell(), 1_000);
    // As often as keys are destroyed.
    const forgetting = setInterval(() => options.keys.forgetPast(), 60_000);
    this.#tell();
    this.#stops.push(
      () => listening.stop(), () => answering.stop(), () => clearInterval(expiring),
      () => clearInterval(telling), () => clearInterval(forgetting), () => lostTime.stop(),
      () => prober.stop(),
    );
  }

  /** Whether another commit may be pulled. */
  get hasRoom(): boolean {
    return !this.running.draining && this.running.size < this.options.capacity;
  }

  handle(delivery: Delivery): Promise<Handled> {
    return handleDelivery(this.#deps, delivery);
  }

  /** What the log tells of erasures: keys and streams in memory go. */
  forgetErased(events: readonly AnyEvent[]): void {
    const { keys } = this.options;
    keys.forgetErased(events);
    const erased = erasedKeys(events);
    if (erased.length > 0) this.running.forgetErased(new Set(erased));
  }

  /** From now on nothing begins: what comes is returned, what has begun goes on to its end. */
  drain(): void {
    this.running.drain();
    this.#tell();
  }

  /** Resolves when the last replies are sent and confirmed (or will not be). */
  async close(): Promise<void> {
    await this.#deps.attempts.outbox.emptied();
    for (const stop of this.#stops) stop();
    await this.#deps.webhooks.guarded.close();
  }

  #tell(): void {
    const { signals, instance, capacity, now } = this.options;
    this.held.tellProgress(now());
    const { size, draining } = this.running;
    heartbeat(signals, { worker: instance, running: size, capacity, draining });
  }
}

function wire(options: WorkerOptions, running: RunningJobs, held: HeldCommits): WorkDeps {
  const { log, keys, signals, governance, registry, now } = options;
  const metrics = attemptMetrics(registry, () => running.size);
  return {
    held,
    signals,
    attempts: {
      log, keys, governance, running, metrics, now,
      targets: new UpstreamTargets(),
      closedKeys: new ClosedKeys(),
      bodies: new BodyQueue(options.bodiesMaxBytes),
      outbox: new ReplyOutbox(signals, (messages) => metrics.unconfirmed.inc(messages)),
      // The monotonic clock goes on while a process is stopped, and is never set back.
      lostTime: new LostTime(ackWaitMs, () => performance.now()),
      callProvider: options.callProvider,
    },
    webhooks: {
      log, keys, governance, now,
      masterKey: options.masterKey,
      publicUrl: options.publicUrl,
      guarded: guardedDispatcher(options.proxy, () => governance.state.webhooksAllowPrivate),
      slots: new Slots(options.webhookCapacity),
      deliveries: counter(
        registry, 'webhook_deliveries_total', 'Webhook tries by how they ended', ['outcome'],
      ),
    },
  };
}
