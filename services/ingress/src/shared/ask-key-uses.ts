// When virtual keys were last used, as the owners of their customers' partitions fold it.
import { type VirtualKey } from '@libs/governance/state';
import { type KeyUseView } from '@libs/routing/key-uses';
import { askRouter } from './ask-router';
import { type Edge } from './edge';

/** With 20 models of 100 letters each 400 KB: an answer stays below the payload limit of 1 MB. */
const keysPerQuestion = 200;

/** By key; one that was never used is not in it. @throws Fault router_unavailable */
export async function askKeyUses(
  edge: Edge, keys: Iterable<VirtualKey>,
): Promise<ReadonlyMap<string, KeyUseView>> {
  const byPartition = new Map<number, string[]>();
  for (const { id, tenant } of keys) {
    const partition = edge.partitionOf(tenant);
    const ids = byPartition.get(partition);
    if (ids === undefined) byPartition.set(partition, [id]);
    else ids.push(id);
  }
  const uses = new Map<string, KeyUseView>();
  for (const [partition, ids] of byPartition) {
    for (let from = 0; from < ids.length; from += keysPerQuestion) {
      const question = { jobs: [], watch: null, key_uses: ids.slice(from, from + keysPerQuestion) };
      const { key_uses: found = [] } = await askRouter(edge.signals, partition, question);
      for (const use of found as readonly KeyUseView[]) uses.set(use.key, use);
    }
  }
  return uses;
}
