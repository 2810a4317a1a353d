// Check 2: every answer that a client got is the result of its job in the log.
import { type Evidence } from '../evidence/evidence';
import { firstOf, type Outcome, resultOf, type Stories, terminalsOf } from '../evidence/stories';
import { type RequestNote, type Try } from '../notes';
import { answerText, readStream } from './stream-text';
import { verdict, type Verdict } from './verdict';

type Given = Pick<Evidence, 'stories' | 'requests'>;

export function checkAnswers({ stories, requests }: Given): Verdict {
  const counts = { whole: 0, streamed: 0, 'asked for later': 0, 'cut off': 0 };
  const findings: string[] = [];
  for (const request of requests) {
    for (const exchange of request.tries) {
      if (exchange.status !== 200 || exchange.job === null || isJob(exchange)) continue;
      if (!exchange.complete) {
        counts['cut off'] += 1;
        continue;
      }
      counts[request.stream ? 'streamed' : 'whole'] += 1;
      findings.push(...answerFindings(stories, request, exchange, counts));
    }
    if (request.result?.status === 200) {
      counts['asked for later'] += 1;
      findings.push(...wholeFindings(stories, request.request, request.result));
    }
  }
  return verdict(2, 'every answer is the result in the log', counts, findings);
}

/** Answers to questions about a job (cancel, submission) are no answers of a provider. */
function isJob({ body }: Try): boolean {
  return body.startsWith('{"id":"job_');
}

function answerFindings(
  stories: Stories, request: RequestNote, exchange: Try, counts: { 'cut off': number },
): string[] {
  if (!request.stream) return wholeFindings(stories, request.request, exchange);
  const read = readStream(exchange.body);
  if (read.complete) return streamFindings(stories, request.request, exchange, read.text);
  counts['cut off'] += 1;
  // An end without a word: the client would take half an answer for a whole one.
  return read.broken ? []
    : [`${request.request}: the stream of ${exchange.job ?? ''} ended as if it were whole`];
}

function wholeFindings(stories: Stories, request: string, { job, body }: Try): string[] {
  const found = resultText(stories, job ?? '');
  if (typeof found !== 'string') return [`${request}: ${found.problem}`];
  return found === body ? []
    : [`${request}: the answer of ${job ?? ''} is not the result in the log`];
}

function streamFindings(
  stories: Stories, request: string, { job }: Try, text: string,
): string[] {
  const found = resultText(stories, job ?? '');
  if (typeof found !== 'string') return [`${request}: ${found.problem}`];
  return answerText(found) === text ? []
    : [`${request}: the streamed answer of ${job ?? ''} is not the result in the log`];
}

function resultText(stories: Stories, job: string): string | { readonly problem: string } {
  const story = firstOf(stories, job);
  const outcome: Outcome | undefined = story === undefined ? undefined : terminalsOf(story)[0];
  if (outcome === undefined) return { problem: `${job} was answered and has no outcome` };
  if (outcome.status !== 'succeeded') {
    return { problem: `${job} was answered and is ${outcome.status}` };
  }
  return resultOf(outcome) ?? { problem: `the result of ${job} is not in its commit` };
}
