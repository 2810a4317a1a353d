// Temporary raises of budgets: events of their own, so that whoever set the budget (a file, too) keeps it.
import { randomBytes } from 'node:crypto';
import { type FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type DraftOf, type EventDraft } from '@libs/events/envelope';
import {
  type Budget, type BudgetRaise, budgetWindow, limitLevel,
} from '@libs/events/limits';
import { limitsName } from '@libs/governance/limits';
import { type GovernanceState, type Limits } from '@libs/governance/state';
import { picoOf, untilField, usdField } from '@libs/settings/limits-shape';
import { actorOf } from '../shared/actor';
import { type Edge } from '../shared/edge';
import { readJson } from '../shared/read-json';
import { type HttpRefusal, isRefusal, refusal } from '../shared/refusal';
import { changeAs } from './change-as';
import { mismatch } from './entity-tag';
import { limits as limitsKind, raiseView } from './limits-kind';

type Answer = { status: number; body: unknown } | HttpRefusal;

const raiseBody = z.strictObject({
  /** Which budget, as far as there are several: its place in the list, or what it is of. */
  budget: z.int().nonnegative().optional(),
  window: budgetWindow.optional(),
  models: z.array(z.string()).optional(),
  providers: z.array(z.string()).optional(),
  /** So much more, or: so much altogether. */
  add_usd: usdField.optional(),
  limit_usd: usdField.optional(),
  until: untilField,
  reason: z.string().max(500).default(''),
}).refine(({ add_usd: add, limit_usd: limit }) => (add === undefined) !== (limit === undefined), {
  error: 'needs either add_usd or limit_usd',
});
type RaiseBody = z.output<typeof raiseBody>;

export interface RaisedName {
  readonly level: string;
  readonly id: string;
}

export async function raiseBudget(
  edge: Edge, name: RaisedName, request: FastifyRequest,
): Promise<Answer> {
  const body = readJson(request, raiseBody);
  if (isRefusal(body)) return body;
  const raise = `raise_${randomBytes(8).toString('hex')}`;
  return change({ edge, name, request, status: 201 }, (state, nowMs) => {
    const limits = limitsNamed(state, name);
    if (isRefusal(limits)) return limits;
    const untilMs = Date.parse(body.until);
    if (untilMs <= nowMs) {
      return invalid('until', `${body.until} is over; a raise ends in the future.`);
    }
    const budget = budgetNamed(limits, body);
    if (isRefusal(budget)) return budget;
    const add = addedBy(body, budget);
    if (add <= 0n) return invalid('limit_usd', 'This is no raise: the budget has as much.');
    return draftOf(limits, {
      raise, budget: scopeOf(budget), add_pico_usd: String(add), until_ms: untilMs, reason: body.reason,
    });
  });
}

/** Ends it now; what was spent by then stays in the books. */
export async function endRaise(
  edge: Edge, name: RaisedName & { readonly raise: string }, request: FastifyRequest,
): Promise<Answer> {
  return change({ edge, name, request, status: 200 }, (state, nowMs) => {
    const limits = limitsNamed(state, name);
    if (isRefusal(limits)) return limits;
    const found = limits.raises.find(({ raise, until_ms: untilMs }) =>
      raise === name.raise && untilMs > nowMs);
    if (found !== undefined) return draftOf(limits, { ...found, until_ms: nowMs });
    return refusal(404, 'not_found', `There is no raise ${name.raise} under way.`);
  });
}

interface Change {
  readonly edge: Edge;
  readonly name: RaisedName;
  readonly request: FastifyRequest;
  /** Of the answer. */
  readonly status: number;
}

async function change(
  { edge, name: { level, id }, request, status }: Change,
  decide: (state: GovernanceState, nowMs: number) => DraftOf<'BudgetRaised'> | HttpRefusal,
): Promise<Answer> {
  const viewOf = (state: GovernanceState, nowMs: number): object | null =>
    limitsKind.find(state, `${level}/${id}`, nowMs)?.view ?? null;
  const changed = await changeAs(edge, actorOf(request), {
    decide: (state, nowMs) => {
      const decided = decide(state, nowMs);
      if (isRefusal(decided)) return decided;
      const seen = viewOf(state, nowMs);
      return mismatch(request.headers['if-match'], seen, `limits/${level}/${id}`) ?? [decided];
    },
    tell: (drafts, { before, after, nowMs }) => {
      const { type, subject, data } = raisedBy(drafts);
      const { raise, add_pico_usd: add, until_ms: untilMs, reason } = data;
      return {
        act: type, about: `limits/${subject}`,
        detail: { raise, add_pico_usd: add, until_ms: untilMs, reason },
        before: viewOf(before, nowMs), after: viewOf(after, nowMs),
      };
    },
  });
  if (isRefusal(changed)) return changed;
  const { data } = raisedBy(changed.drafts);
  return { status, body: { level: data.level, ...raiseView(data), of: data.id } };
}

function raisedBy(drafts: readonly EventDraft[]): DraftOf<'BudgetRaised'> {
  for (const draft of drafts) if (draft.type === 'BudgetRaised') return draft;
  throw new Error('a raise made no BudgetRaised');
}

function limitsNamed(state: GovernanceState, { level, id }: RaisedName): Limits | HttpRefusal {
  const known = limitLevel.safeParse(level);
  const name = known.success ? limitsName(known.data, id) : `${level}/${id}`;
  return state.limits.get(name)
    ?? refusal(404, 'not_found', `There are no limits/${name}: what has no budget needs no raise.`);
}

function budgetNamed(limits: Limits, body: RaiseBody): Budget | HttpRefusal {
  const { budget: place, window, models, providers } = body;
  const meant = limits.budgets.filter((budget, index) => (place === undefined || place === index)
    && (window === undefined || window === budget.window)
    && (models === undefined || sameNames(models, budget.models))
    && (providers === undefined || sameNames(providers, budget.providers)));
  const [only] = meant;
  if (meant.length === 1 && only !== undefined) return only;
  const all = limits.budgets.map(({ window: of, models: by, providers: at }, index) =>
    [`${index}: per ${of}`, ...by, ...at.map((provider) => `at ${provider}`)].join(' '));
  return invalid('budget', `${meant.length === 0 ? 'None' : 'Several'} of its budgets fit; say which `
    + `by budget, window, models or providers. There is ${all.join('; ') || 'none'}.`);
}

function sameNames(one: readonly string[], other: readonly string[]): boolean {
  return [...one].sort().join('\n') === [...other].sort().join('\n');
}

function scopeOf(budget: Budget): BudgetRaise['budget'] {
  const { window, calendar, time_zone: zone, models, providers } = budget;
  return { window, calendar, ...(zone === undefined ? {} : { time_zone: zone }), models, providers };
}

function addedBy({ add_usd: add, limit_usd: limit }: RaiseBody, budget: Budget): bigint {
  if (add !== undefined) return BigInt(picoOf(add));
  return BigInt(picoOf(limit ?? 0)) - BigInt(budget.limit_pico_usd);
}

function draftOf(
  { level, id, tenant }: Limits,
  data: Omit<DraftOf<'BudgetRaised'>['data'], 'level' | 'id' | 'origin'>,
): DraftOf<'BudgetRaised'> {
  return {
    type: 'BudgetRaised', subject: limitsName(level, id), tenant,
    data: { ...data, level, id, origin: 'api' },
  };
}

function invalid(param: string, message: string): HttpRefusal {
  return refusal(400, 'invalid_value', message, { param });
}
