// What the log tells of the jobs that findings name: the evidence itself is gone with the campaign.
import { type Verdict } from '../checks/verdict';
import { type JobStory, type Stories } from '../evidence/stories';

/** More of one kind say nothing new. */
const storiesShownMax = 6;

export function storyLines(verdicts: readonly Verdict[], stories: Stories): string[] {
  const findings = verdicts.flatMap((verdict) => verdict.findings).join('\n');
  const named = new Set(findings.match(/\bjob_[0-9a-f]+/g));
  return [...named].flatMap((id) => stories.get(id) ?? []).slice(0, storiesShownMax)
    .flatMap((story) => [`${story.id} of ${story.tenant}:`, ...eventLines(story)]);
}

function eventLines({ events }: JobStory): string[] {
  return events.map(({ event, commit: { message } }) => {
    const { type, data } = event;
    const routing = 'routing' in data && data.routing !== null ? ` ${data.routing}` : '';
    const at = new Date(message.atMs).toISOString().slice(11, -1);
    return `     ${at} ${message.sequence} ${type}${routing}`;
  });
}
