// Check 5: each owed webhook was delivered at least once under one id, or is exhausted and listed.
import { type Evidence, type JobView } from '../evidence/evidence';
import {
  isDeduplicated, type JobStory, type Outcome, resultOf, terminalsOf,
} from '../evidence/stories';
import { type WebhookNote } from '../notes';
import { verdict, type Verdict } from './verdict';

type Given = Pick<Evidence, 'stories' | 'webhooks' | 'views'>;

export function checkWebhooks({ stories, webhooks, views }: Given): Verdict {
  const received = byJob(webhooks);
  const owing = [...stories.values()].filter(owesWebhook);
  const ends = owing.map((story) => endOf(story, received.get(story.id) ?? []));
  return verdict(5, 'each webhook arrives under one id, or is listed as exhausted', {
    owed: owing.length,
    delivered: ends.filter((end) => end === 'delivered').length,
    exhausted: ends.filter((end) => end === 'exhausted').length,
    received: webhooks.length,
  }, [
    ...webhooks.filter(({ verified }) => !verified)
      .map(({ webhookId }) => `${webhookId} came with a signature that does not verify`),
    ...owing.flatMap((story) => (
      storyFindings(story, received.get(story.id) ?? [], views.get(story.id)))),
    ...[...received.keys()].filter((job) => stories.get(job)?.submitted.data.webhook == null)
      .map((job) => `a webhook came for ${job}, which owes none`),
  ]);
}

export function owesWebhook(story: JobStory): boolean {
  return story.submitted.data.webhook !== null && !isDeduplicated(story)
    && terminalsOf(story).length > 0;
}

/** Its delivery has an end in the log. */
export function webhookSettled(story: JobStory): boolean {
  return story.events.some(({ event }) => (
    event.type === 'WebhookDelivered' || event.type === 'WebhookExhausted'));
}

function endOf(story: JobStory, notes: readonly WebhookNote[]): 'delivered' | 'exhausted' | 'open' {
  if (notes.some(({ status }) => isGood(status))) return 'delivered';
  return story.events.some(({ event }) => event.type === 'WebhookExhausted') ? 'exhausted' : 'open';
}

function storyFindings(
  story: JobStory, notes: readonly WebhookNote[], view: JobView | undefined,
): string[] {
  const { id } = story;
  const findings: string[] = [];
  const end = endOf(story, notes);
  const saidDelivered = story.events.some(({ event }) => event.type === 'WebhookDelivered');
  const shown = view?.webhook?.status ?? 'none';
  if (end === 'open') findings.push(`the webhook of ${id} was neither delivered nor given up`);
  if (end === 'exhausted' && shown !== 'exhausted') {
    findings.push(`the webhook of ${id} is exhausted and shown as ${shown}`);
  }
  if (saidDelivered && !notes.some(({ status }) => isGood(status))) {
    findings.push(`the webhook of ${id} is booked as delivered and never came`);
  }
  const due = story.events.flatMap(({ event }) => (
    event.type === 'WebhookDue' ? [event.data.delivery] : []));
  const ids = new Set([...due, ...notes.map(({ webhookId }) => webhookId)]);
  if (ids.size > 1) findings.push(`the webhook of ${id} has several ids: ${[...ids].join(', ')}`);
  const [outcome] = terminalsOf(story);
  for (const { body } of notes) {
    if (outcome === undefined || tells(body, outcome)) continue;
    findings.push(`a webhook of ${id} tells something else than the log`);
  }
  return findings;
}

function tells(body: string, outcome: Outcome): boolean {
  const { type, data } = JSON.parse(body) as { type: string; data: { result?: unknown } };
  if (type !== `job.${outcome.status}`) return false;
  if (outcome.status !== 'succeeded') return true;
  const text = resultOf(outcome);
  return text === null || JSON.stringify(data.result) === JSON.stringify(JSON.parse(text));
}

function byJob(webhooks: readonly WebhookNote[]): Map<string, WebhookNote[]> {
  const received = new Map<string, WebhookNote[]>();
  for (const note of webhooks) {
    const { data } = JSON.parse(note.body) as { data: { id: string } };
    received.set(data.id, [...received.get(data.id) ?? [], note]);
  }
  return received;
}

function isGood(status: number | null): boolean {
  return status !== null && status >= 200 && status < 300;
}
