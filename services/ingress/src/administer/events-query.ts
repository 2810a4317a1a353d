// What of events is asked for, as it stands in a query or a body.
import { z } from 'zod';
import { schemas } from '@libs/events/catalogue';
import { type EventsPage, type EventsQuestion, exportFormats, type Moment } from '@libs/signals/ask-audit';

/** The edge's answer is one page; more is for exports. */
const limitMax = 500;

/** A time says its zone, or it would mean another one elsewhere; a day is one of UTC. */
const timeShape = /^\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d))?$/;

const moment = z.union([z.string(), z.number().int().min(0)]).transform((given, context): Moment => {
  const text = String(given);
  // A UNIX time would be taken for a commit: times are dates.
  if (/^\d{1,15}$/.test(text)) return { sequence: Number(text) };
  const timeMs = timeShape.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(timeMs)) {
    const message = 'takes a time with its zone (2026-11-01T08:00:00Z; write + as %2B), a day of UTC '
      + '(2026-11-01), or the sequence of a commit';
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  }
  return { timeMs };
});

const type = z.string().refine((name) => Object.hasOwn(schemas, name), {
  error: ({ input }) => `there is no event type "${String(input)}"`,
});
/** One in a query is a text, several are a list. */
const types = z.preprocess((given) => (typeof given === 'string' ? [given] : given), z.array(type).min(1));
/** PostgreSQL has no text with a zero byte in it, so no event has one. */
const text = z.string().min(1).max(512).refine((given) => !given.includes('\0'), { error: 'has a zero byte' });

const asked = {
  from: moment.optional(), to: moment.optional(), type: types.optional(), subject: text.optional(),
  tenant: text.optional(), actor: text.optional(), key: text.optional(), team: text.optional(),
  model: text.optional(), provider: text.optional(), outcome: text.optional(),
  metadata: text.optional(),
};
const filters = z.strictObject(asked);

const page = {
  order: z.enum(['newest', 'oldest']).default('newest'),
  limit: z.coerce.number().int().min(1).max(limitMax).default(50),
  after: z.string().regex(/^\d{1,15}$/, { error: 'takes the "next" of the page before' }).optional(),
};

export const eventsQuery = z.strictObject({ ...asked, ...page }).check(inOrder);
export const checkpointsQuery = z.strictObject(page);

export const exportBody = z.strictObject({
  filters: filters.default({}).check(inOrder),
  format: z.enum(exportFormats).default('ndjson'),
  content: z.literal(false, {
    error: 'exports have facts only: prompts and answers are read one job at a time',
  }).default(false),
});

type Filters = z.infer<typeof filters>;

export function questionOf(given: Filters): EventsQuestion {
  return {
    from: given.from ?? null, to: given.to ?? null, types: given.type ?? null,
    subject: given.subject ?? null, tenant: given.tenant ?? null, actor: given.actor ?? null,
    key: given.key ?? null, team: given.team ?? null, model: given.model ?? null,
    provider: given.provider ?? null, outcome: given.outcome ?? null,
    metadata: given.metadata ?? null,
  };
}

export function pageOf({ order, limit, after }: z.infer<typeof checkpointsQuery>): EventsPage {
  return { newestFirst: order === 'newest', limit, after: after === undefined ? null : Number(after) };
}

interface Ranged {
  readonly from?: Moment | undefined;
  readonly to?: Moment | undefined;
}

function inOrder({ value, issues }: z.core.ParsePayload<Ranged>): void {
  const [from, to] = [value.from, value.to].map((at) =>
    at === undefined ? undefined : 'timeMs' in at ? at.timeMs : at.sequence);
  const sameKind = value.from !== undefined && value.to !== undefined
    && 'timeMs' in value.from === 'timeMs' in value.to;
  if (!sameKind || from === undefined || to === undefined || from <= to) return;
  issues.push({ code: 'custom', path: ['to'], input: value, message: 'is before "from"' });
}
