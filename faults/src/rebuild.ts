// Has the projections made again from nothing: the read models by the product's own command, the
// router's fold by a router that finds no snapshot.
import { setTimeout as sleep } from 'node:timers/promises';
import { type JobView, type Rebuilt } from './evidence/evidence';
import { type JobStory } from './evidence/stories';
import { readViews } from './read/views';
import { signal } from './system/shell';
import { type World } from './system/world';

const comparedMax = 1_500;

/** Returns also the views as they were before. */
export async function rebuildAll(
  world: World, stories: readonly JobStory[],
): Promise<{ readonly rebuilt: Rebuilt; readonly views: Map<string, JobView> }> {
  const { product, admin } = world;
  const views = await readViews(product.url, stories);
  const { code, output } = await product.command(['replay', '--rebuild']);
  const pid = await product.pidOf('router');
  await admin.dropSnapshots();
  signal([pid], 'SIGKILL');
  await sleep(500);
  const compared = stories.slice(-comparedMax);
  const after = await readViews(product.url, compared);
  const ids = compared.map(({ id }) => id);
  return {
    views,
    rebuilt: {
      readModels: { exitCode: code, output },
      views: {
        asked: compared.length,
        differing: ids
          .filter((id) => JSON.stringify(views.get(id)) !== JSON.stringify(after.get(id))),
        missing: ids.filter((id) => !views.has(id) || !after.has(id)),
      },
    },
  };
}
