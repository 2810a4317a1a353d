// What is spent and held in each account of one partition: a customer is one partition, so its levels
// are all here. Mutable, driven by the fold alone; sums are exact (bigint) and slot by slot.
import type { Scope } from './bounds';
import type { LearnedLengths } from './output-lengths';
import { slotAt, slotEndsMs, slotKeptMs, type Window } from './windows';

export interface Amounts {
  spent: bigint;
  held: bigint;
}

export interface Slot extends Amounts {
  /** From when on it does not count any more, as it was when something was booked here last. */
  endsMs: number;
}

/** Holds from one time until another: while no slot leaves the window. */
interface Sum extends Amounts {
  readonly sinceMs: number;
  untilMs: number;
}

export interface Account {
  /** Which calls it counts: its name says so, too, and it never changes. */
  readonly scope: Scope;
  readonly slots: Map<number, Slot>;
  /** The sum from one slot on; kept with each booking, made anew when the window moves. */
  sum: Sum | null;
  /** When a request last did not fit into a budget that had spent something; null: never. */
  refusedAtMs: number | null;
}

/** What a routing holds in one account. */
export interface Part {
  readonly account: string;
  readonly scope: Scope;
  /** Held by each of its calls. */
  readonly perCall: bigint;
  /** Where it was held: there it is settled, whenever that is. */
  readonly slot: number;
}

/** A routing under bounds: its holds, and what of its calls is booked. */
export interface HeldRouting {
  readonly routing: number;
  /** The model as the client named it. */
  readonly asked: string;
  /** Calls that may cost at the same time. */
  readonly calls: number;
  readonly parts: readonly Part[];
  /** Of its calls, how many are held now. */
  heldCalls: number;
  isRunning: boolean;
  /** By attempt id: each is booked once, a better word corrects it. */
  readonly booked: Map<string, Booked>;
}

export interface Booked {
  readonly picoUsd: bigint;
  readonly input: bigint;
  readonly output: bigint;
}

export interface Ledger {
  readonly accounts: Map<string, Account>;
  /**
   * By job, until it is forgotten and nothing of it is held. Of a job that ended, as text, like the
   * job itself: it is hardly ever looked at again, and a snapshot copies a reference.
   */
  readonly routings: Map<string, HeldRouting[] | string>;
  /** Of answers that no bound was set for. */
  readonly lengths: LearnedLengths;
  /**
   * Budgets of which more was spent, or which refused, since the owner looked at their thresholds.
   * Not part of the state: whoever takes over looks at all.
   */
  readonly touched: Set<string>;
}

export function newLedger(): Ledger {
  return { accounts: new Map(), routings: new Map(), lengths: new Map(), touched: new Set() };
}

export function newAccount({ kind, window, calendar, models, providers }: Scope): Account {
  const scope: Scope = { kind, window, calendar, models, providers };
  return { scope, slots: new Map(), sum: null, refusedAtMs: null };
}

/** Spent and held in the window that holds now. */
export function sumOf(ledger: Ledger, name: string, nowMs: number): Readonly<Amounts> {
  const account = ledger.accounts.get(name);
  if (account === undefined) return nothing;
  const known = account.sum;
  if (known !== null && nowMs >= known.sinceMs && nowMs < known.untilMs) return known;
  const sum: Sum = { sinceMs: nowMs, untilMs: Infinity, spent: 0n, held: 0n };
  for (const { spent, held, endsMs } of account.slots.values()) {
    if (endsMs <= nowMs) continue;
    sum.untilMs = Math.min(sum.untilMs, endsMs);
    sum.spent += spent;
    sum.held += held;
  }
  account.sum = sum;
  return sum;
}

const nothing: Readonly<Amounts> = { spent: 0n, held: 0n };

/**
 * When so much has left the window without anything being released; null: never, or it is not in the
 * ledger. `excess`: how much too much there is.
 */
export function leavesAtMs(
  ledger: Ledger, name: string, { excess, nowMs }: { readonly excess: bigint; readonly nowMs: number },
): number | null {
  const account = ledger.accounts.get(name);
  if (account === undefined) return null;
  let left = excess;
  const counting = [...account.slots.values()].filter(({ endsMs }) => endsMs > nowMs);
  for (const { spent, held, endsMs } of counting.sort((one, other) => one.endsMs - other.endsMs)) {
    left -= spent + held;
    if (left <= 0n) return endsMs === Infinity ? null : endsMs;
  }
  return null;
}

/** Makes room for what is booked at this time. */
export function openSlot(
  ledger: Ledger, name: string, bound: Scope & Pick<Window, 'offsets'>, atMs: number,
): Pick<Part, 'account' | 'scope' | 'slot'> {
  let account = ledger.accounts.get(name);
  if (account === undefined) ledger.accounts.set(name, account = newAccount(bound));
  return { account: name, scope: account.scope, slot: slotIn(account, bound, atMs) };
}

function slotIn(account: Account, window: Window, atMs: number): number {
  const open = window.calendar ? openCalendarSlot(account, atMs) : null;
  if (open !== null) return open;
  const at = slotAt(window, atMs);
  const slot = account.slots.get(at);
  if (slot !== undefined && !window.calendar) return at;
  const endsMs = slotEndsMs(window, at) ?? Infinity;
  if (slot === undefined) {
    dropOld(account, atMs);
    account.slots.set(at, { spent: 0n, held: 0n, endsMs });
    if (account.sum !== null) account.sum.untilMs = Math.min(account.sum.untilMs, endsMs);
  } else if (slot.endsMs !== endsMs) {
    // Its time zone was changed meanwhile: the window goes on.
    slot.endsMs = endsMs;
    account.sum = null;
  }
  return at;
}

/**
 * A window that has begun ends as was said, also when its time zone is changed meanwhile. Of a
 * calendar account there are a few slots, and finding them costs less than making a date.
 */
function openCalendarSlot({ slots }: Account, atMs: number): number | null {
  for (const [from, { endsMs }] of slots) if (from <= atMs && atMs < endsMs) return from;
  return null;
}

/** Of a slot that was dropped nothing is told any more: it counts in no window. */
export function book(
  ledger: Ledger, { account: name, scope: { kind }, slot }: Part, by: Readonly<Amounts>,
): void {
  const account = ledger.accounts.get(name);
  const amounts = account?.slots.get(slot);
  if (account === undefined || amounts === undefined) return;
  amounts.spent += by.spent;
  amounts.held += by.held;
  if (kind === 'budget' && by.spent > 0n) ledger.touched.add(name);
  if (account.sum === null || amounts.endsMs <= account.sum.sinceMs) return;
  account.sum.spent += by.spent;
  account.sum.held += by.held;
}

/** Every budget: what was touched while another was the owner is not known. */
export function touchAll({ accounts, touched }: Ledger): void {
  for (const name of accounts.keys()) if (name.includes(' budget ')) touched.add(name);
}

/** A request did not fit into what is left of a budget. */
export function noteRefused(ledger: Ledger, name: string, atMs: number): void {
  const account = ledger.accounts.get(name);
  if (account === undefined) return;
  account.refusedAtMs = atMs;
  ledger.touched.add(name);
}

function dropOld({ slots, scope }: Account, atMs: number): void {
  const keptMs = slotKeptMs(scope);
  for (const [from, { endsMs }] of slots) if (endsMs + keptMs < atMs) slots.delete(from);
}
