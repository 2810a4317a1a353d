// What is spent and held in each account of one partition: a customer is one partition, so its levels
// are all here. Mutable, driven by the fold alone; sums are exact (bigint) and slot by slot.
import type { Scope } from './bounds';
import type { LearnedLengths } from './output-lengths';
import { firstSlot, slotAt, slotEndsMs, slotKeptMs, type Window } from './windows';

export interface Amounts {
  spent: bigint;
  held: bigint;
}

/** Holds from one time until another: while no slot leaves the window. */
interface Sum extends Amounts {
  readonly from: number;
  readonly sinceMs: number;
  readonly untilMs: number;
}

export interface Account {
  readonly window: Window;
  readonly slots: Map<number, Amounts>;
  /** The sum from one slot on; kept with each booking, made anew when the window moves. */
  sum: Sum | null;
}

/** What a routing holds in one account. */
export interface Part extends Scope {
  readonly account: string;
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
  readonly booked: Map<string, { readonly picoUsd: bigint; readonly tokens: bigint }>;
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
}

export function newLedger(): Ledger {
  return { accounts: new Map(), routings: new Map(), lengths: new Map() };
}

export function newAccount({ window, calendar }: Window): Account {
  return { window: { window, calendar }, slots: new Map(), sum: null };
}

/** Spent and held in the window that holds now. */
export function sumOf(ledger: Ledger, name: string, nowMs: number): Readonly<Amounts> {
  const account = ledger.accounts.get(name);
  if (account === undefined) return nothing;
  const known = account.sum;
  if (known !== null && nowMs >= known.sinceMs && nowMs < known.untilMs) return known;
  const from = firstSlot(account.window, nowMs);
  const untilMs = slotEndsMs(account.window, from) ?? Infinity;
  const sum: Sum = { from, sinceMs: nowMs, untilMs, spent: 0n, held: 0n };
  for (const [slot, { spent, held }] of account.slots) {
    if (slot < from) continue;
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
  const from = firstSlot(account.window, nowMs);
  let left = excess;
  for (const slot of [...account.slots.keys()].sort((one, other) => one - other)) {
    if (slot < from) continue;
    const { spent, held } = account.slots.get(slot) as Amounts;
    left -= spent + held;
    if (left <= 0n) return slotEndsMs(account.window, slot);
  }
  return null;
}

/** Makes room for what is booked at this time. */
export function openSlot(ledger: Ledger, name: string, window: Window, atMs: number): number {
  let account = ledger.accounts.get(name);
  if (account === undefined) ledger.accounts.set(name, account = newAccount(window));
  const slot = slotAt(account.window, atMs);
  if (!account.slots.has(slot)) {
    dropOld(account, atMs);
    account.slots.set(slot, { spent: 0n, held: 0n });
  }
  return slot;
}

/** Of a slot that was dropped nothing is told any more: it counts in no window. */
export function book(ledger: Ledger, { account: name, slot }: Part, by: Readonly<Amounts>): void {
  const account = ledger.accounts.get(name);
  const amounts = account?.slots.get(slot);
  if (account === undefined || amounts === undefined) return;
  amounts.spent += by.spent;
  amounts.held += by.held;
  if (account.sum === null || slot < account.sum.from) return;
  account.sum.spent += by.spent;
  account.sum.held += by.held;
}

function dropOld(account: Account, atMs: number): void {
  for (const slot of account.slots.keys()) {
    const endsMs = slotEndsMs(account.window, slot);
    if (endsMs !== null && endsMs + slotKeptMs(account.window) < atMs) account.slots.delete(slot);
  }
}
