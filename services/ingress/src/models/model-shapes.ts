// A model and a list of models in the shape of either surface.
import { type ListedModel } from '@libs/governance/list-models';
import { type Surface } from '@libs/surfaces/surface';

/** The date of a configured model is not known; the epoch says so. */
export function modelShape(surface: Surface, model: ListedModel): object {
  return surface === 'openai'
    ? { id: model.id, object: 'model', created: 0, owned_by: model.owned_by }
    : {
        type: 'model', id: model.id, display_name: model.id, created_at: '1970-01-01T00:00:00Z',
      };
}

export function modelPage(surface: Surface, models: readonly ListedModel[]): object {
  const data = models.map((model) => modelShape(surface, model));
  if (surface === 'openai') return { object: 'list', data };
  const [first, last] = [models[0]?.id ?? null, models.at(-1)?.id ?? null];
  return { data, has_more: false, first_id: first, last_id: last };
}
