// A decision in words: one line for each candidate that was considered, the chosen one first.
import type { Catalogue } from '@libs/events/catalogue';
import type { AnyEvent } from '@libs/events/envelope';
import type { RoutingReason } from '@libs/events/job-events';

/** null for events that are no decision about candidates. */
export function explained(event: AnyEvent): string[] | null {
  if (event.type === 'JobRouted') return explainedRouting(event.data);
  if (event.type === 'JobRejected' && event.data.reasons !== undefined) {
    return [event.data.message, ...event.data.reasons.map(inWords)];
  }
  return event.type === 'JobDeferred' ? [event.data.reason] : null;
}

function explainedRouting(data: Catalogue['JobRouted']): string[] {
  const { reasons, rule, strategy, hedge, overlay, seen, seed, plan, continues } = data;
  const by = `by ${strategy ?? 'weight'}${rule === undefined ? '' : `, rule "${rule}"`}`;
  const late = hedge === undefined ? undefined : plan[hedge.candidate];
  return [
    ...reasons.map(inWords),
    ...(late === undefined || hedge === undefined ? []
      : [`a second call at ${late.provider}/${late.model} when the first has no content after ${hedge.after_ms} ms`]),
    ...(continues === undefined ? []
      : [`goes on with the stream of ${continues.stream} at its event ${continues.next_index}`]),
    `decided ${by}, from everything up to sequence ${seen}${
      overlay === undefined ? '' : ` and ${Object.keys(overlay).length} places with decisions under way`
    }, seed ${seed}`,
  ];
}

function inWords({ verdict, provider, key, model, reason, health, score }: RoutingReason): string {
  const place = `${provider}${key === null ? '' : `/${key}`} ${model}`;
  const state = [
    health ?? null, score === undefined ? null : `score ${score}`,
  ].filter((text) => text !== null).join(', ');
  return `${verdict.replace('_', ' ')} ${place}${state === '' ? '' : ` (${state})`}: ${reason}`;
}
