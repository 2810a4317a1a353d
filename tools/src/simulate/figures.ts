// Figures of one policy over the same requests: of the log, or of a simulation.
import { type PolicyRun, type SimulatedRequest } from '@libs/routing/simulate/run-policy';
import { type PastTraffic } from './past-traffic';

export interface PolicyFigures {
  readonly name: string;
  readonly requests: number;
  /** 0 to 1; a client's own error is an answer. */
  readonly answered_share: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly calls_per_request: number;
  /** Of calls whose cost is known. */
  readonly cost_pico_usd: string;
  /** Share of the answered ones by provider. */
  readonly by_provider: Readonly<Record<string, number>>;
}

/** As it was: jobs that have not ended are not in it, nor are canceled ones. */
export function figuresOfLog({ settled }: PastTraffic): PolicyFigures {
  const ended = settled.filter(({ status }) => status !== 'canceled').map((job): SimulatedRequest => ({
    answered: job.status === 'succeeded' || (job.httpStatus >= 400 && job.httpStatus < 500 && job.httpStatus !== 429),
    latencyMs: job.settledAtMs - job.submittedAtMs,
    calls: job.attempts.length,
    costPicoUsd: job.attempts.reduce((sum, { cost_pico_usd: cost }) => sum + BigInt(cost ?? '0'), 0n),
    provider: job.provider,
  }));
  return figuresOf('as it was', ended);
}

export function figuresOfRun(name: string, run: PolicyRun): PolicyFigures {
  return figuresOf(name, run.requests);
}

function figuresOf(name: string, requests: readonly SimulatedRequest[]): PolicyFigures {
  const answered = requests.filter((request) => request.answered);
  const latencies = answered.map(({ latencyMs }) => latencyMs).sort((a, b) => a - b);
  const counts = new Map<string, number>();
  for (const { provider } of answered) {
    if (provider !== null) counts.set(provider, (counts.get(provider) ?? 0) + 1);
  }
  const count = Math.max(1, requests.length);
  return {
    name,
    requests: requests.length,
    answered_share: answered.length / count,
    p50_ms: latencies[Math.floor(latencies.length / 2)] ?? 0,
    p99_ms: latencies[Math.floor(latencies.length * 0.99)] ?? 0,
    calls_per_request: requests.reduce((sum, { calls }) => sum + calls, 0) / count,
    cost_pico_usd: String(requests.reduce((sum, { costPicoUsd }) => sum + costPicoUsd, 0n)),
    by_provider: Object.fromEntries([...counts].sort().map(([provider, times]) =>
      [provider, times / Math.max(1, answered.length)])),
  };
}
