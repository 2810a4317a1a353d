// Asks the API for jobs, as their owners see them.
import { setTimeout as sleep } from 'node:timers/promises';
import { type JobView } from '../evidence/evidence';
import { type JobStory } from '../evidence/stories';
import { tenantOf } from '../system/tenants';

const asksAtOnce = 16;
/** A router that is just starting does not know its jobs yet. None at all for so long: it is away. */
const patienceMs = 30_000;
const tryMsMax = 10_000;

export async function readViews(
  url: string, stories: readonly JobStory[],
): Promise<Map<string, JobView>> {
  const views = new Map<string, JobView>();
  const left = [...stories];
  const life = { lastAnswerMs: Date.now() };
  await Promise.all(Array.from({ length: asksAtOnce }, async () => {
    for (let story = left.pop(); story !== undefined; story = left.pop()) {
      const view = await readView(url, story, life);
      if (view !== null) views.set(story.id, view);
    }
  }));
  return views;
}

async function readView(
  url: string, { id, tenant }: JobStory, life: { lastAnswerMs: number },
): Promise<JobView | null> {
  for (;;) {
    const view = await fetch(`${url}/v1/jobs/${id}`, {
      headers: { authorization: `Bearer ${tenantOf(tenant).key}` },
      signal: AbortSignal.timeout(tryMsMax),
    }).then(async (answer) => {
      if (answer.ok) return await answer.json() as JobView;
      await answer.arrayBuffer();
      return null;
    }, () => null);
    if (view !== null) {
      life.lastAnswerMs = Date.now();
      return view;
    }
    if (Date.now() > life.lastAnswerMs + patienceMs) return null;
    await sleep(200);
  }
}
