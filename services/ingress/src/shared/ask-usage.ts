// What is spent and held of bounds, as the owners of their customers' partitions fold it.
import { limitsName } from '@libs/governance/limits';
import { type Limits } from '@libs/governance/state';
import { type UsageLine } from '@libs/routing/ledger/usage-view';
import { askRouter } from './ask-router';
import { type Edge } from './edge';

/** At most some 60 bounds each of 200 bytes: an answer stays far below the payload limit of 1 MB. */
const namesPerQuestion = 50;

/** @throws Fault router_unavailable */
export async function askUsage(edge: Edge, limits: readonly Limits[]): Promise<UsageLine[]> {
  const byPartition = new Map<number, string[]>();
  for (const { level, id, tenant } of limits) {
    const partition = edge.partitionOf(tenant);
    const names = byPartition.get(partition);
    if (names === undefined) byPartition.set(partition, [limitsName(level, id)]);
    else names.push(limitsName(level, id));
  }
  const lines: UsageLine[] = [];
  for (const [partition, names] of byPartition) {
    for (let from = 0; from < names.length; from += namesPerQuestion) {
      const usage = names.slice(from, from + namesPerQuestion);
      const answer = await askRouter(edge.signals, partition, { jobs: [], watch: null, usage });
      lines.push(...(answer.usage ?? []) as readonly UsageLine[]);
    }
  }
  return lines;
}
