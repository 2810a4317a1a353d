// Why requests were not answered, in few words, most frequent first.
import { readStream } from '../checks/stream-text';
import { type RequestNote } from '../notes';

export function unansweredReasons(requests: readonly RequestNote[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const note of requests) {
    if (note.answered) continue;
    const reason = `${note.shape}: ${reasonOf(note)}`;
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return [...counts].sort(([, one], [, other]) => other - one);
}

function reasonOf({ tries, stream }: RequestNote): string {
  const last = tries.at(-1);
  if (last === undefined) return 'no exchange at all';
  const after = tries.length > 1 ? ` (${tries.length} tries)` : '';
  if (last.status === null || !last.complete) return `${last.error ?? 'cut off'}${after}`;
  const broken = last.status === 200 && stream && readStream(last.body).broken;
  if (broken) return 'its stream ended with an error event';
  return `${last.status} ${codeOf(last.body)}${after}`;
}

function codeOf(body: string): string {
  try {
    const { error } = JSON.parse(body) as { error?: { code?: string; type?: string } };
    return error?.code ?? error?.type ?? '';
  } catch {
    return ''; // Not JSON: the status says enough.
  }
}
