// Asks for what the system was at a moment, page after page, until all of it is there.
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { type Access } from '../shared/access';
import { callApi, okBody } from '../shared/api-client';

export const projectionNames = ['budgets', 'health', 'keys', 'jobs', 'routes'] as const;
export type ProjectionName = (typeof projectionNames)[number];

export interface StateOrder {
  readonly at: string;
  readonly projection: ProjectionName;
  readonly tenant: string | null;
  readonly subject: string | null;
  readonly fromBeginning: boolean;
}

const entry = z.object({ key: z.string(), value: z.looseObject({}) });
export type StateEntry = z.infer<typeof entry>;

const page = z.object({
  at: z.object({ sequence: z.number(), time: z.string(), evaluated_at: z.string() }),
  folded: z.object({ from_snapshot: z.number().nullable(), events: z.number(), seconds: z.number() }),
  data: z.array(entry), last_key: z.string().nullable(), has_more: z.boolean(),
});
type StatePage = z.infer<typeof page>;

const pending = z.object({
  doing: z.enum(['archiving', 'waiting', 'folding']), at_sequence: z.number(), to_sequence: z.number(),
});

export interface State extends Pick<StatePage, 'at' | 'folded'> {
  readonly entries: readonly StateEntry[];
}

/** Few questions for what is small, and far below what one answer may have. */
const pageEntries = 500;
const againMs = 1_000;

/** @throws Failure with the server's own words. */
export async function askState(
  access: Access, order: StateOrder, progress: (message: string) => void,
): Promise<State> {
  const entries: StateEntry[] = [];
  for (let after: string | null = null; ;) {
    const answer = await askPage(access, pathOf(order, after), progress);
    entries.push(...answer.data);
    if (!answer.has_more || answer.last_key === null) {
      return { at: answer.at, folded: answer.folded, entries };
    }
    after = answer.last_key;
  }
}

async function askPage(
  access: Access, path: string, progress: (message: string) => void,
): Promise<StatePage> {
  for (;;) {
    const answer = await callApi(access, { path });
    const body = okBody(answer);
    if (answer.status !== 202) return page.parse(body);
    const { doing, at_sequence: at, to_sequence: to } = pending.parse(body);
    progress(`${doing}: commit ${at} of ${to}`);
    await sleep(againMs);
  }
}

function pathOf(order: StateOrder, after: string | null): string {
  const query = new URLSearchParams({
    at: order.at, projection: order.projection, limit: String(pageEntries),
    from: order.fromBeginning ? 'beginning' : 'snapshot',
  });
  if (order.tenant !== null) query.set('tenant', order.tenant);
  if (order.subject !== null) query.set('subject', order.subject);
  if (after !== null) query.set('after', after);
  return `/audit/v1/state?${query.toString()}`;
}
