// The two sides of the ledger added up: what is booked and what the simulator served, per provider
// key; and what the read model charges each virtual key.
import { type AttemptRecord } from '@libs/events/attempts';
import { type Archive } from '../evidence/evidence';
import { type LedgerRecord } from '../notes';

interface Tokens {
  readonly calls: number;
  readonly prompt: number;
  readonly completion: number;
}

export interface Sums {
  readonly booked: { readonly calls: number; readonly picoUsd: bigint };
  /** By `provider/key name`: booked, and served without what is listed as unknown. */
  readonly perProviderKey: ReadonlyMap<string, Readonly<Record<'booked' | 'served', Tokens>>>;
  readonly perVirtualKey: ReadonlyMap<string, { readonly picoUsd: bigint; readonly calls: number }>;
  /** Calls that were served whole and whose end nobody of us learned. */
  readonly servedUnknown: number;
}

const nothing: Tokens = { calls: 0, prompt: 0, completion: 0 };

interface Booked {
  readonly record: AttemptRecord;
}

export function sumsOf(
  attempts: Iterable<Booked>, calls: readonly LedgerRecord[],
  keyNames: Readonly<Record<string, string>>,
): Omit<Sums, 'perVirtualKey'> {
  const perKey = new Map<string, { booked: Tokens; served: Tokens }>();
  const entry = (name: string): { booked: Tokens; served: Tokens } => {
    const found = perKey.get(name) ?? { booked: nothing, served: nothing };
    perKey.set(name, found);
    return found;
  };
  const succeeded = new Set<string>();
  let picoUsd = 0n;
  for (const { record } of attempts) {
    if (record.outcome !== 'succeeded') continue;
    succeeded.add(record.attempt_id);
    picoUsd += BigInt(record.cost_pico_usd ?? '0');
    const key = entry(`${record.provider}/${record.key}`);
    const { input_tokens: prompt = 0, output_tokens: completion = 0 } = record.usage ?? {};
    key.booked = plus(key.booked, prompt, completion);
  }
  let servedUnknown = 0;
  for (const { attempt, outcome, key, usage } of calls) {
    if (outcome !== 'served') continue;
    if (!succeeded.has(attempt)) {
      servedUnknown += 1;
      continue;
    }
    const side = entry(keyNames[key] ?? key);
    side.served = plus(side.served, usage.prompt, usage.completion);
  }
  return {
    booked: { calls: succeeded.size, picoUsd }, perProviderKey: perKey, servedUnknown,
  };
}

export function sumsFindings(
  sums: Pick<Sums, 'perProviderKey'>, spend: Archive['spend'], expected: Sums['perVirtualKey'],
): string[] {
  const findings: string[] = [];
  for (const [name, { booked, served }] of sums.perProviderKey) {
    if (JSON.stringify(booked) === JSON.stringify(served)) continue;
    findings.push(`${name}: booked ${text(booked)}, served ${text(served)}`);
  }
  const charged = new Map(spend.map((row) => [`${row.tenant}/${row.key}`, row]));
  for (const name of new Set([...expected.keys(), ...charged.keys()])) {
    const log = expected.get(name);
    const row = charged.get(name);
    const inLog = `${log?.calls ?? 0} calls for ${log?.picoUsd ?? 0n} pico USD`;
    const inReadModel = `${row?.calls ?? 0} calls for ${row?.picoUsd ?? '0'} pico USD`;
    if (inLog === inReadModel) continue;
    findings.push(`virtual key ${name}: ${inLog} in the log, ${inReadModel} in the read model`);
  }
  return findings;
}

function plus(sum: Tokens, prompt: number, completion: number): Tokens {
  return {
    calls: sum.calls + 1, prompt: sum.prompt + prompt, completion: sum.completion + completion,
  };
}

function text({ calls, prompt, completion }: Tokens): string {
  return `${calls} calls with ${prompt} and ${completion} tokens`;
}
