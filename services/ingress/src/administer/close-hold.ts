// POST /admin/v1/holds/{job}/{attempt}: an operator gives a hold up, or settles it by the provider's
// bill. The request is an event; what becomes of it the owner of the partition decides.
import { type FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type HoldReconcileRequested } from '@libs/events/job-events';
import { usage } from '@libs/events/usage';
import { picoFromUsdDecimalString, usdFromPico } from '@libs/governance/money';
import { type Refusal } from '@libs/jobs/commands';
import { type HoldVerdict } from '@libs/routing/holds/open-holds';
import { newEventId } from '@libs/telemetry/ids';
import { actorOf } from '../shared/actor';
import { askRouter } from '../shared/ask-router';
import { type Edge } from '../shared/edge';
import { readJson } from '../shared/read-json';
import { type HttpRefusal, isRefusal, refusal } from '../shared/refusal';
import { actOnJob } from './act-on-job';

const reason = z.string().trim().min(1, { error: 'say why' }).max(500);
const amountError = 'write an amount in USD that is not negative, e.g. "0.0125"';
const usd = z.union([
  z.number().nonnegative({ error: amountError }),
  z.string().regex(/^\d+(\.\d{1,12})?$/, { error: amountError }),
], { error: amountError });
const count = z.number().int().nonnegative();
const billedUsage = z.strictObject({
  ...usage.shape, input_tokens: count, output_tokens: count,
  cached_input_tokens: count.default(0), cache_write_tokens: count.default(0),
  reasoning_tokens: count.default(0),
});
const body = z.discriminatedUnion('action', [
  z.strictObject({ action: z.literal('write_off'), reason }),
  z.strictObject({
    action: z.literal('settle'), reason, cost_usd: usd.optional(), usage: billedUsage.optional(),
  }).refine(({ cost_usd: cost, usage: used }) => (cost === undefined) !== (used === undefined), {
    error: 'needs cost_usd, or usage to be booked at the price of the routing',
  }),
]);

interface Named {
  readonly job: string;
  readonly attempt: string;
  readonly actor: string;
}

type Answer = { readonly status: number; readonly body: object } | HttpRefusal;

export async function closeHold(edge: Edge, request: FastifyRequest, named: Named): Promise<Answer> {
  const wanted = readJson(request, body);
  if (isRefusal(wanted)) return wanted;
  const asked = askedOf(wanted, named);
  if (isRefusal(asked)) return asked;
  const tenant = await tenantOf(edge, named.job);
  if (tenant === null) return refused('no_such_job', named);
  const partition = edge.partitionOf(tenant);
  const possible = await askRouter(edge.signals, partition, {
    jobs: [], watch: null, hold_possible: { job: named.job, asked },
  });
  if (possible.hold_refused != null) return refused(possible.hold_refused as Refusal, named);
  const id = newEventId();
  const also = actOnJob(
    actorOf(request), { id: named.job, tenant }, { act: 'hold.close', detail: { ...asked } });
  await edge.appends.record({
    type: 'HoldReconcileRequested', subject: named.job, tenant, data: asked,
  }, { id, also });
  const verdict = await verdictOn(edge, partition, id);
  if (verdict?.kind === 'refused') return refused(verdict.reason, named);
  return { status: verdict === null ? 202 : 200, body: { ...viewOf(verdict, named), request: id } };
}

function askedOf(
  wanted: z.infer<typeof body>, { attempt, actor }: Named,
): HoldReconcileRequested | HttpRefusal {
  const asked = { attempt_id: attempt, action: wanted.action, actor, reason: wanted.reason };
  if (wanted.action === 'write_off') return asked;
  if (wanted.usage !== undefined) return { ...asked, usage: wanted.usage };
  const cost = picoFromUsdDecimalString(String(wanted.cost_usd));
  if (cost !== null) return { ...asked, cost_pico_usd: cost };
  return refusal(400, 'invalid_value', 'cost_usd: is finer than 10⁻¹² USD.', { param: 'cost_usd' });
}

/** Whose job it is; null: no owner of a partition knows it. @throws Fault router_unavailable */
async function tenantOf(edge: Edge, job: string): Promise<string | null> {
  const partitions = Array.from({ length: edge.parts.partitionCount }, (_, partition) => partition);
  const answers = await Promise.all(partitions.map((partition) =>
    askRouter(edge.signals, partition, { jobs: [job], watch: null })));
  for (const { jobs: [answer] } of answers) if (answer?.known === true) return answer.tenant;
  return null;
}

const askEveryMs = 50;
/** An append and its fold take milliseconds, an election some seconds. */
const asksMax = 100;

/** null: not decided yet; it will be. */
async function verdictOn(edge: Edge, partition: number, id: string): Promise<HoldVerdict | null> {
  for (let asks = 0; asks < asksMax; asks += 1) {
    const { hold_verdict: verdict } = await askRouter(edge.signals, partition, {
      jobs: [], watch: null, hold_verdict: id,
    });
    if (verdict != null) return verdict as HoldVerdict;
    await new Promise((resolve) => setTimeout(resolve, askEveryMs));
  }
  return null;
}

function viewOf(
  verdict: Exclude<HoldVerdict, { kind: 'refused' }> | null, { job, attempt }: Named,
): object {
  const hold = { object: 'hold', job, attempt };
  if (verdict === null) return { ...hold, state: 'requested' };
  const { releasedPicoUsd: released } = verdict;
  return {
    ...hold, state: verdict.kind, released_usd: released === null ? null : usdFromPico(released),
    ...(verdict.kind === 'settled' ? { cost_usd: usdFromPico(verdict.costPicoUsd) } : {}),
  };
}

function refused(why: Refusal, { job, attempt }: Named): HttpRefusal {
  const name = `"${attempt.slice(0, 80)}" of job "${job.slice(0, 64)}"`;
  if (why === 'no_such_job') {
    return refusal(404, 'hold_not_found',
      `There is no hold ${name}: the job is not known, or its calls ended long ago.`);
  }
  if (why === 'hold_closed') {
    return refusal(409, 'hold_closed',
      `The hold ${name} is not open any more: its call was heard of, settled or written off.`);
  }
  if (why === 'price_unknown') {
    return refusal(409, 'price_unknown',
      `The price that ${name} was routed with is not known: give cost_usd instead of usage.`);
  }
  return refusal(404, 'hold_not_found', `There is no hold ${name} whose end is unknown.`);
}
