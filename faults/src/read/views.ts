// Asks the API for jobs, as their owners see them.
import { setTimeout as sleep } from 'node:timers/promises';
import { type JobView } from '../evidence/evidence';
import { type JobStory } from '../evidence/stories';
import { tenantOf } from '../system/tenants';

const asksAtOnce = 16;
/** A router that is just starting does not know its jobs yet. */
const patienceMs = 30_000;

export async function readViews(
  url: string, stories: readonly JobStory[],
): Promise<Map<string, JobView>> {
  const views = new Map<string, JobView>();
  const left = [...stories];
  await Promise.all(Array.from({ length: asksAtOnce }, async () => {
    for (let story = left.pop(); story !== undefined; story = left.pop()) {
      const view = await readView(url, story);
      if (view !== null) views.set(story.id, view);
    }
  }));
  return views;
}

async function readView(url: string, { id, tenant }: JobStory): Promise<JobView | null> {
  const headers = { authorization: `Bearer ${tenantOf(tenant).key}` };
  const until = Date.now() + patienceMs;
  for (;;) {
    const answer = await fetch(`${url}/v1/jobs/${id}`, { headers }).catch(() => null);
    if (answer?.ok === true) return await answer.json() as JobView;
    await answer?.arrayBuffer();
    if (Date.now() > until) return null;
    await sleep(200);
  }
}
