// The ledger as lines of a snapshot and back. It goes on changing in place while a snapshot is
// written, so its values are copied, as text: amounts are bigint, which JSON has not.
import { type Booked, type HeldRouting, type Ledger, newAccount, type Part } from './ledger';
import type { OutputLengths } from './output-lengths';
import { slotEndsMs, type Window } from './windows';

/** When a slot ends follows from its window, but in a calendar, where time zones are changed. */
type Row = readonly [slot: number, spent: string, held: string, endsMs?: number];

export type LedgerItem =
  | {
      readonly kind: 'account'; readonly partition: number; readonly name: string;
      readonly window: Pick<Window, 'window' | 'calendar'>; readonly slots: readonly Row[];
      readonly refusedAtMs?: number;
    }
  | {
      readonly kind: 'held'; readonly partition: number; readonly job: string;
      readonly routings: readonly SavedRouting[] | string;
    }
  | {
      readonly kind: 'lengths'; readonly partition: number; readonly name: string;
      readonly lengths: OutputLengths;
    };

interface SavedRouting extends Omit<HeldRouting, 'parts' | 'booked'> {
  readonly parts: readonly (Omit<Part, 'perCall'> & { readonly perCall: string })[];
  readonly booked: readonly BookedRow[];
}

type BookedRow = readonly [id: string, picoUsd: string, input: string, output: string];

export function itemsOfLedger(partition: number, ledger: Ledger): LedgerItem[] {
  const accounts = [...ledger.accounts].map(([name, { window, slots, refusedAtMs }]): LedgerItem => ({
    kind: 'account', partition, name, window,
    slots: [...slots].map(([slot, { spent, held, endsMs }]): Row => {
      const amounts = [slot, String(spent), String(held)] as const;
      return window.calendar ? [...amounts, endsMs] : amounts;
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

export function restoreLedgerItem(ledger: Ledger, item: LedgerItem): void {
  if (item.kind === 'held') {
    const { routings } = item;
    ledger.routings.set(
      item.job, typeof routings === 'string' ? routings : routings.map(restored));
    return;
  }
  if (item.kind === 'lengths') {
    ledger.lengths.set(item.name, item.lengths);
    return;
  }
  const account = newAccount(item.window);
  for (const [slot, spent, held, endsMs] of item.slots) {
    account.slots.set(slot, {
      spent: BigInt(spent), held: BigInt(held),
      endsMs: endsMs ?? slotEndsMs(item.window, slot) ?? Infinity,
    });
  }
  account.refusedAtMs = item.refusedAtMs ?? null;
  ledger.accounts.set(item.name, account);
}

/** Of a job of which nothing is held any more. */
export function textOfHeld(routings: readonly HeldRouting[]): string {
  return JSON.stringify(routings.map(saved));
}

export function heldFromText(text: string): HeldRouting[] {
  return (JSON.parse(text) as readonly SavedRouting[]).map(restored);
}

function saved(entry: HeldRouting): SavedRouting {
  return {
    ...entry,
    parts: entry.parts.map((part) => ({ ...part, perCall: String(part.perCall) })),
    booked: [...entry.booked]
      .map(([id, { picoUsd, input, output }]) =>
        [id, String(picoUsd), String(input), String(output)]),
  };
}

function restored(entry: SavedRouting): HeldRouting {
  return {
    ...entry,
    parts: entry.parts.map((part) => ({ ...part, perCall: BigInt(part.perCall) })),
    booked: new Map(entry.booked.map(bookedFrom)),
  };
}

function bookedFrom([id, picoUsd, input, output]: BookedRow): [string, Booked] {
  return [id, { picoUsd: BigInt(picoUsd), input: BigInt(input), output: BigInt(output) }];
}
