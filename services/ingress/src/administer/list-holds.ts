// GET /admin/v1/holds: every hold whose call's end nobody learned, as the partitions' owners fold them.
import { type FastifyRequest } from 'fastify';
import { z } from 'zod';
import { picoFromUsdDecimalString, sumKnownPico, usdFromPico } from '@libs/governance/money';
import { type HoldLine, type HoldsPage } from '@libs/routing/holds/holds-view';
import { askRouter } from '../shared/ask-router';
import { type Edge } from '../shared/edge';
import { readQuery } from '../shared/read-json';
import { type HttpRefusal, isRefusal } from '../shared/refusal';

const query = z.object({
  customer: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(10_000).default(1_000),
});

/** The oldest first over all partitions; `held_usd` is the sum of what is listed. */
export async function listHolds(edge: Edge, request: FastifyRequest): Promise<object | HttpRefusal> {
  const wanted = readQuery(request, query);
  if (isRefusal(wanted)) return wanted;
  const { customer, limit } = wanted;
  const partitions = customer === undefined
    ? Array.from({ length: edge.parts.partitionCount }, (_, partition) => partition)
    : [edge.partitionOf(customer)];
  const found: HoldLine[] = [];
  let more = false;
  for (const partition of partitions) more = await collect(edge, partition, { customer, limit }, found) || more;
  found.sort((one, other) => (one.since < other.since ? -1 : one.since > other.since ? 1 : 0));
  const data = found.slice(0, limit);
  const sum = sumKnownPico(data.map(({ held_usd: held }) =>
    (held === null ? null : picoFromUsdDecimalString(held))));
  return {
    object: 'list', data, has_more: more || found.length > limit,
    held_usd: sum === null ? '0' : usdFromPico(sum),
  };
}

/** Returns whether there are more of this partition. @throws Fault router_unavailable */
async function collect(
  edge: Edge, partition: number,
  { customer, limit }: { readonly customer: string | undefined; readonly limit: number },
  found: HoldLine[],
): Promise<boolean> {
  const lines = new Map<string, HoldLine>();
  let after: string | null = null;
  do {
    const answer = await askRouter(edge.signals, partition, { jobs: [], watch: null, holds: { after } });
    const { data, next } = answer.holds as HoldsPage;
    for (const line of data) {
      // Two pages may have the same one, when another was closed in between.
      if (customer === undefined || line.customer === customer) lines.set(`${line.job}/${line.attempt}`, line);
    }
    after = next;
  } while (after !== null && lines.size <= limit);
  found.push(...lines.values());
  return after !== null;
}
