// The ledger as lines of a snapshot and back. It goes on changing in place while a snapshot is
// written, so its values are copied, as text: amounts are bigint, which JSON has not.
import type { Scope } from './bounds';
import { type Booked, type HeldRouting, type Ledger, newAccount, type Part } from './ledger';
import type { OutputLengths } from './output-lengths';
import { slotEndsMs } from './windows';

/** When a slot ends follows from its window, but in a calendar, where time zones are changed. */
type Row = readonly [slot: number, spent: string, held: string, endsMs?: number];

export type LedgerItem =
  | {
      readonly kind: 'account'; readonly partition: number; readonly name: string;
      readonly scope: Scope; readonly slots: readonly Row[]; readonly refusedAtMs?: number;
    }
  | {
      readonly kind: 'held'; readonly partition: number; readonly job: string;
      readonly routings: readonly SavedRouting[] | string;
    }
  | {
      readonly kind: 'lengths'; readonly partition: number; readonly name: string;
      readonly lengths: OutputLengths;
    };

/** One a request: rows, without what their accounts know. */
type SavedRouting = readonly [
  routing: number, asked: string, calls: number, heldCalls: number, isRunning: boolean,
  parts: readonly PartRow[], booked: readonly BookedRow[],
];
type PartRow = readonly [account: string, perCall: string, slot: number];
type BookedRow = readonly [id: string, picoUsd: string, input: string, output: string];

export function itemsOfLedger(partition: number, ledger: Ledger): LedgerItem[] {
  const accounts = [...ledger.accounts].map(([name, { scope, slots, refusedAtMs }]): LedgerItem => ({
    kind: 'account', partition, name, scope,
    slots: [...slots].map(([slot, { spent, held, endsMs }]): Row => {
      const amounts = [slot, String(spent), String(held)] as const;
      return scope.calendar ? [...amounts, endsMs] : amounts;
    }),
    ...(refusedAtMs === null ? {} : { refusedAtMs }),
  }));
  const held = [...ledger.routings].map(([job, routings]): LedgerItem =>
    ({
      kind: 'held', partition, job,
      routings: typeof routings === 'string' ? routings : routings.map(saved),
    }));
  const lengths = [...ledger.lengths].map(([name, { total, counts, longest }]): LedgerItem =>
    ({ kind: 'lengths', partition, name, lengths: { total, counts: [...counts], longest } }));
  return [...accounts, ...held, ...lengths];
}

/** Accounts come before what is held in them. */
export function restoreLedgerItem(ledger: Ledger, item: LedgerItem): void {
  if (item.kind === 'held') {
    const { routings } = item;
    ledger.routings.set(item.job, typeof routings === 'string' ? routings
      : routings.map((entry) => restored(ledger, entry)));
    return;
  }
  if (item.kind === 'lengths') {
    ledger.lengths.set(item.name, item.lengths);
    return;
  }
  const account = newAccount(item.scope);
  for (const [slot, spent, held, endsMs] of item.slots) {
    account.slots.set(slot, {
      spent: BigInt(spent), held: BigInt(held),
      endsMs: endsMs ?? slotEndsMs(item.scope, slot) ?? Infinity,
    });
  }
  account.refusedAtMs = item.refusedAtMs ?? null;
  ledger.accounts.set(item.name, account);
}

/** Of a job of which nothing is held any more. */
export function textOfHeld(routings: readonly HeldRouting[]): string {
  return JSON.stringify(routings.map(saved));
}

export function heldFromText(ledger: Ledger, text: string): HeldRouting[] {
  return (JSON.parse(text) as readonly SavedRouting[]).map((entry) => restored(ledger, entry));
}

function saved(entry: HeldRouting): SavedRouting {
  const { routing, asked, calls, heldCalls, isRunning, parts, booked } = entry;
  return [
    routing, asked, calls, heldCalls, isRunning,
    parts.map(({ account, perCall, slot }): PartRow => [account, String(perCall), slot]),
    Array.from(booked, ([id, { picoUsd, input, output }]): BookedRow =>
      [id, String(picoUsd), String(input), String(output)]),
  ];
}

function restored(
  { accounts }: Ledger,
  [routing, asked, calls, heldCalls, isRunning, parts, booked]: SavedRouting,
): HeldRouting {
  return {
    routing, asked, calls, heldCalls, isRunning,
    parts: parts.map(([account, perCall, slot]): Part => {
      const scope = accounts.get(account)?.scope;
      if (scope === undefined) throw new Error(`held in ${account}, which the ledger has not`);
      return { account, scope, perCall: BigInt(perCall), slot };
    }),
    booked: new Map(booked.map(bookedFrom)),
  };
}

function bookedFrom([id, picoUsd, input, output]: BookedRow): [string, Booked] {
  return [id, { picoUsd: BigInt(picoUsd), input: BigInt(input), output: BigInt(output) }];
}
