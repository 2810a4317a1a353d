// A seeded simulation of one partition: clients, a router with its overlay and crashes, workers that
// die, come back, repeat themselves and finish late. After each run the rules of the house must hold.
// More runs: SIMULATION_RUNS=100000; one seed again: SIMULATION_SEED=123.
import { expect, test } from '@jest/globals';
import type { AttemptRecord } from '@libs/events/attempts';
import { type AnyEvent, type EventDraft, stamp } from '@libs/events/envelope';
import { type SeededRandom, seededRandom } from '@libs/test-kit/seeded-random';
import { bookOf, holdsOf } from './book';
import type { RouterCommand, WorkerCommand } from './commands';
import { decide } from './decide';
import { type Assignment, decideOutcome } from './decide-outcome';
import { evolve } from './evolve';
import {
  attempt, cutAttempt, deadlineMs, failedAttempt, ref, rejection, routeCommand, startMs, submission,
} from './spec-builders';
import type { JobState } from './state';

const runs = Number(process.env['SIMULATION_RUNS'] ?? 3_000);
const onlySeed = process.env['SIMULATION_SEED'];
const terminalTypes = new Set(['JobSucceeded', 'JobFailed', 'JobRejected', 'JobCanceled', 'JobExpired']);

/** A routing that a worker took: what it still has to append, in order. */
interface Task {
  readonly held: Assignment;
  readonly words: WorkerCommand[];
  redelivered: boolean;
}

class World {
  readonly log: { readonly event: AnyEvent; readonly at: { sequence: number; line: number } }[] = [];
  /** Cost of every call that a provider really ran, by attempt id. */
  readonly ledger = new Map<string, { readonly cost: bigint; readonly job: string; readonly routing: number }>();
  states = new Map<string, JobState>();
  folded = 0;
  /** The overlay: the decision that is not folded yet, by job. */
  overlay = new Map<string, string>();
  readonly tasks: Task[] = [];
  taken = 0;
  nowMs = startMs;
  private made = 0;

  constructor(readonly random: SeededRandom) {}

  append(draft: EventDraft): string {
    this.made += 1;
    const event = stamp(draft, `e${this.made}`, this.nowMs);
    this.log.push({ event, at: { sequence: this.log.length + 1, line: 0 } });
    return event.id;
  }

  fold(upTo: number): void {
    for (; this.folded < Math.min(upTo, this.log.length); this.folded += 1) {
      const { event, at } = this.log[this.folded]!;
      const next = evolve(this.states.get(event.subject), event, at);
      if (next !== undefined) this.states.set(event.subject, next);
      if (this.overlay.get(event.subject) === event.id) this.overlay.delete(event.subject);
    }
  }

  attemptId(): string {
    this.made += 1;
    return `att_${this.made}`;
  }
}

const jobs = ['job_a', 'job_b', 'job_c'];

/** A client: submits (sometimes the same event twice), cancels. */
function act(world: World): void {
  const { random } = world;
  const id = random.pick(jobs);
  if (random.chance(0.3)) {
    const command = { type: 'RequestCancel', by: 'client', reason: null } as const;
    const decision = decide(world.states.get(id), command);
    if (decision.ok) decision.events.forEach((draft) => world.append(draft));
    return;
  }
  const decision = decide(undefined, {
    type: 'SubmitJob', job: { id, tenant: 'acme' }, nowMs: startMs,
    data: submission({ webhook: random.chance(0.5) ? { endpoint_id: 'whe_1' } : null }),
  });
  if (decision.ok) decision.events.forEach((draft) => world.append(draft));
}

/** The owner decides from what it has folded, never twice before it folded its own decision. */
function decideOne(world: World, id: string): void {
  const { random, nowMs } = world;
  const state = world.states.get(id);
  if (state === undefined || world.overlay.has(id)) return;
  const again = decide(state, routeCommand(nowMs));
  if (state.phase === 'settled' && again.ok) throw new Error('a settled job was routed again');
  const orders: readonly RouterCommand[] = [
    { type: 'ExpireJob', nowMs }, { type: 'CancelJob' }, { type: 'DueWebhook', nowMs },
    random.chance(0.1) ? { type: 'RejectJob', data: rejection } : routeCommand(nowMs),
    { type: 'DeferJob', untilMs: nowMs + 1_000, reason: 'saturated', count: state.deferrals, seen: 1, nowMs },
  ];
  for (const order of orders) {
    const decision = decide(state, order);
    if (!decision.ok) continue;
    // Dies between decision and append: the overlay is dropped with it, nothing is stuck.
    if (random.chance(0.1)) {
      crashRouter(world);
      return;
    }
    for (const draft of decision.events) world.overlay.set(id, world.append(draft));
    return;
  }
}

/** The next owner loads a snapshot made anywhere before (through JSON) and folds the tail. */
function crashRouter(world: World): void {
  const before = world.random.whole(0, world.folded);
  const snapshot = new World(world.random);
  snapshot.log.push(...world.log);
  snapshot.fold(before);
  const text = JSON.stringify([...snapshot.states]);
  world.states = new Map(JSON.parse(text) as [string, JobState][]);
  world.overlay = new Map();
  world.folded = before;
  world.fold(world.log.length);
}

/** A worker takes the next routing and walks it; the calls run now, the words are appended later. */
function takeWork(world: World): void {
  while (world.taken < world.log.length) {
    const { event } = world.log[world.taken]!;
    world.taken += 1;
    if (event.type !== 'JobRouted') continue;
    const held = { id: event.subject, tenant: event.tenant, routing: event.data.routing };
    world.tasks.push({ held, words: walk(world, held), redelivered: false });
    return;
  }
}

function walk(world: World, held: Assignment): WorkerCommand[] {
  const { random } = world;
  const { routing } = held;
  if (random.chance(0.1)) return [{ type: 'ReturnRouting', reason: 'draining' }];
  const words: WorkerCommand[] = [];
  const attempts: AttemptRecord[] = [];
  while (random.chance(0.4)) {
    const failed = failedAttempt(world.attemptId(), routing);
    attempts.push(failed);
    words.push({ type: 'FailAttempt', attempt: failed });
  }
  if (random.chance(0.2)) return [...words, { type: 'ExhaustPlan', errors: [] }];
  const cost = BigInt(random.whole(1, 1_000));
  const id = world.attemptId();
  world.ledger.set(id, { cost, job: held.id, routing });
  const last = lastWord(random, attempts, attempt(id, routing, { cost_pico_usd: String(cost) }));
  // Not sure that its word had arrived, the worker gives the call up as well: that says less.
  const unsure: WorkerCommand[] = random.chance(0.1)
    ? [{ type: 'AbandonRouting', attempt: cutAttempt(id, routing), reason: 'unknown', content_sent: false }]
    : [];
  return [...words, last, ...unsure];
}

function lastWord(
  random: SeededRandom, attempts: readonly AttemptRecord[], ran: AttemptRecord,
): WorkerCommand {
  const cut = cutAttempt(ran.attempt_id, ran.routing);
  const all = [...attempts, ran];
  return random.pick<WorkerCommand>([
    { type: 'SucceedJob', attempts: all, provider: ran.provider, model: ran.model, usage: ran.usage,
      cost_pico_usd: ran.cost_pico_usd, status: 200, result: ref, dropped_params: [] },
    { type: 'FailJob', attempts: all, status: 400, result: null,
      error: { class: 'content_filtered', status: 400, message: 'filtered' } },
    { type: 'AbandonRouting', attempt: cut, reason: 'stalled', content_sent: random.chance(0.5) },
    { type: 'AbandonRouting', attempt: ran, reason: 'malformed_response', content_sent: false },
    { type: 'EndCanceled', by: 'client', attempts: random.chance(0.5) ? all : [...attempts, cut] },
    { type: 'EndExpired', attempts: all },
  ]);
}

/** Appends the next word of some worker, sometimes twice (a repeated publish that had arrived). */
function say(world: World, task: Task): void {
  const word = task.words.shift();
  if (word === undefined) return;
  const decision = decideOutcome(task.held, word);
  if (!decision.ok) throw new Error(decision.reason);
  const times = world.random.chance(0.1) ? 2 : 1;
  for (let time = 0; time < times; time += 1) decision.events.forEach((draft) => world.append(draft));
}

/** The commit is handed out again: its routing is abandoned unseen. The first worker may be dead. */
function redeliver(world: World, task: Task): void {
  if (task.redelivered || task.words.length === 0) return;
  task.redelivered = true;
  const decision = decideOutcome(task.held, {
    type: 'AbandonRouting', attempt: null, reason: 'redelivered', content_sent: false,
  });
  if (decision.ok) decision.events.forEach((draft) => world.append(draft));
  if (world.random.chance(0.5)) task.words.length = 0;
}

function step(world: World): void {
  const { random, tasks } = world;
  const roll = random.next();
  if (roll < 0.12) act(world);
  else if (roll < 0.35) world.fold(world.folded + random.whole(1, 4));
  else if (roll < 0.6) decideOne(world, random.pick(jobs));
  else if (roll < 0.72) takeWork(world);
  else if (roll < 0.9 && tasks.length > 0) say(world, random.pick(tasks));
  else if (roll < 0.95 && tasks.length > 0) redeliver(world, random.pick(tasks));
  else if (roll < 0.97) crashRouter(world);
  else world.nowMs += random.whole(1, 60_000);
}

/** Everything heals: words are said, commits redelivered, time passes beyond every deadline. */
function drain(world: World): void {
  world.nowMs = deadlineMs + 120_000;
  for (let round = 0; round < 50; round += 1) {
    world.fold(world.log.length);
    for (const id of jobs) decideOne(world, id);
    takeWork(world);
    for (const task of world.tasks) say(world, task);
  }
  world.fold(world.log.length);
}

function check(world: World): void {
  const fresh = new World(world.random);
  fresh.log.push(...world.log);
  fresh.fold(world.log.length);
  for (const [id, state] of world.states) {
    same(JSON.stringify(fresh.states.get(id)), JSON.stringify(state));
  }
  for (const [id, state] of world.states) {
    const first = world.log.find(({ event }) => event.subject === id && terminalTypes.has(event.type));
    if (state.phase !== 'settled') throw new Error(`${id} has no outcome`);
    same(state.terminal.sequence, first?.at.sequence);
  }
  same(world.states.size, new Set(world.log.map(({ event }) => event.subject)).size);
  checkBook(world);
}

/** Each call that ran is booked once at its cost, or its routing is shown as unknown with its hold. */
function checkBook(world: World): void {
  const said = new Map<string, bigint>();
  for (const state of world.states.values()) {
    for (const { attempt_id: id, cost_pico_usd: cost } of state.attempts) {
      if (cost !== null) said.set(id, BigInt(cost));
    }
    same(holdsOf(state).length, state.unknownRoutings.length);
  }
  const book = bookOf(world.states.values());
  let expected = 0n;
  for (const [id, call] of world.ledger) {
    const booked = said.get(id);
    if (booked === undefined) {
      const shown = book.unknown.some((line) => line.job === call.job && line.routing === call.routing);
      if (!shown) throw new Error(`call ${id} is neither booked nor unknown`);
    } else {
      same(booked, call.cost);
      expected += call.cost;
    }
  }
  same(book.bookedPicoUsd, String(expected));
  same(book.bookedAttempts, said.size);
}

/** Jest's own comparison takes most of the time of thousands of runs. */
function same<T>(one: T, other: T): void {
  if (one !== other) expect(one).toEqual(other);
}

function simulate(seed: number): void {
  const world = new World(seededRandom(seed));
  try {
    const steps = world.random.whole(20, 120);
    for (let index = 0; index < steps; index += 1) step(world);
    drain(world);
    check(world);
  } catch (error) {
    const story = world.log.map(({ event }) => `${event.subject} ${event.type}`).join('\n');
    throw new Error(`seed ${seed} fails (SIMULATION_SEED=${seed}):\n${story}`, { cause: error });
  }
}

test('whatever dies, repeats or comes late: one outcome, booked once, the same when folded again', () => {
  const first = Number(onlySeed ?? 1);
  const last = onlySeed === undefined ? runs : first;
  for (let seed = first; seed <= last; seed += 1) simulate(seed);
}, 600_000);
