// After the faults: waits until the product has finished everything that it can finish, within
// bounds; what is not finished then is what the checks find.
import { setTimeout as sleep } from 'node:timers/promises';
import { owesWebhook, webhookSettled } from './checks/webhooks';
import { isDeduplicated, type JobStory, terminalsOf } from './evidence/stories';
import { type LogReader } from './log-reader';
import { archivedSequence } from './read/archive';
import { ask, patiently } from './system/patience';
import { tenantOf } from './system/tenants';
import { type World } from './system/world';

export interface Calm {
  readonly unsettled: number;
  readonly redelivered: number;
  readonly archivedAfterMs: number;
}

/** A failed webhook comes again after 5 s; later tries are minutes away. */
const deliveredWithinMs = 20_000;
const archivedWithinMs = 30_000;
const lookEveryMs = 1_000;

export async function calmDown(
  world: World, reader: LogReader, settledWithinMs: number,
): Promise<Calm> {
  const open = await until(settledWithinMs, async () => {
    const { stories } = await reader.read();
    return [...stories.values()].filter((story) => !isSettled(story));
  });
  await until(deliveredWithinMs, () => owing(reader));
  const left = await owing(reader);
  for (const story of left) await redeliver(world, story);
  if (left.length > 0) await until(deliveredWithinMs, () => owing(reader));
  return {
    unsettled: open.length, redelivered: left.length,
    archivedAfterMs: await untilArchived(world, reader),
  };
}

/** How long it took until the archive had everything that the log has. */
export async function untilArchived(world: World, reader: LogReader): Promise<number> {
  const startedMs = Date.now();
  await until(archivedWithinMs, async () => {
    await reader.read();
    const archived = await patiently('position of the archive', async () => (
      archivedSequence(await world.product.databaseUrl())));
    return archived >= reader.lastSequence ? [] : ['behind'];
  });
  return Date.now() - startedMs;
}

function isSettled(story: JobStory): boolean {
  return isDeduplicated(story) || terminalsOf(story).length > 0;
}

async function owing(reader: LogReader): Promise<JobStory[]> {
  const { stories } = await reader.read();
  return [...stories.values()].filter((story) => owesWebhook(story) && !webhookSettled(story));
}

/** The same delivery once more, now: its next try by itself may be hours away. */
async function redeliver({ product }: World, { id, tenant }: JobStory): Promise<void> {
  const delivery = id.replace(/^job_/, 'msg_');
  await ask(`${product.url}/v1/webhook_deliveries/${delivery}/redeliver`, {
    method: 'POST', headers: { authorization: `Bearer ${tenantOf(tenant).key}` },
  }).then((answer) => answer.arrayBuffer());
}

/** Looks until nothing is left or the time is over; what is left. */
async function until<T>(withinMs: number, look: () => Promise<T[]>): Promise<T[]> {
  const end = Date.now() + withinMs;
  for (;;) {
    const left = await look();
    if (left.length === 0 || Date.now() > end) return left;
    await sleep(lookEveryMs);
  }
}
