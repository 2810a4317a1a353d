// Questions to the owners of the partitions about jobs, in batches.
import { Fault } from '@libs/faults/faults';
import { type AskRouter, type JobAnswer, type RouterAnswer } from '@libs/signals/ask-messages';
import { signalSubjects, type Signals } from '@libs/signals/signals';

/** An owner answers from memory; longer than this means that nobody owns the partition now. */
const answerTimeoutMs = 1_000;
/** Keeps an answer with its views far below the server's payload limit of 1 MB. */
export const jobsPerQuestionMax = 128;

/** @throws Fault router_unavailable when no owner answers. */
export async function askRouter(
  signals: Signals, partition: number, question: AskRouter,
): Promise<RouterAnswer> {
  try {
    const text = await signals.request(
      signalSubjects.askRouter(partition), JSON.stringify(question), answerTimeoutMs,
    );
    return JSON.parse(text) as RouterAnswer;
  } catch (error) {
    throw new Fault('router_unavailable', `no owner of partition ${partition} answered`, {
      cause: error,
    });
  }
}

/** One job; asked once more when an election may be under way. */
export async function askJob(
  signals: Signals, partition: number, question: { job: string; watch: string | null },
): Promise<JobAnswer> {
  const ask = { jobs: [question.job], watch: question.watch };
  const answer = await askRouter(signals, partition, ask);
  return answer.jobs[0] ?? { id: question.job, known: false };
}
