// Asks audit to drop its read models and make them again from the archive, and waits for the end.
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { type Signals, signalSubjects } from '@libs/signals/signals';
import { Failure } from '../shared/failure';

const progress = z.object({
  phase: z.enum(['idle', 'running', 'done', 'failed']),
  done_commits: z.number(),
  total_commits: z.number(),
  identical: z.boolean().nullable(),
  differences: z.array(z.string()),
  seconds: z.number(),
});
export type RebuildProgress = z.infer<typeof progress>;

const answerTimeoutMs = 5_000;
const pollMs = 500;

/** @throws Failure when audit does not answer or the rebuild fails. */
export async function rebuildReadModels(
  signals: Signals, onProgress: (progress: RebuildProgress) => void,
): Promise<RebuildProgress> {
  const started = await ask(signals, 'rebuild') as { error?: string };
  if (started.error !== undefined) throw new Failure(`audit: ${started.error}`);
  for (;;) {
    await sleep(pollMs);
    const now = progress.parse(await ask(signals, 'rebuild-status'));
    onProgress(now);
    switch (now.phase) {
      case 'idle': case 'running': break;
      case 'done': return now;
      case 'failed': throw new Failure(`the rebuild failed: ${now.differences.join('; ')}`);
    }
  }
}

async function ask(signals: Signals, op: string): Promise<unknown> {
  try {
    const text = await signals.request(
      signalSubjects.askAudit, JSON.stringify({ op }), answerTimeoutMs);
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new Failure(`audit does not answer: ${(error as Error).message}`);
  }
}
