// The body of a webhook: the job as clients see it, with its result where it is small enough; or what
// an alert says.
import { type Catalogue } from '@libs/events/catalogue';
import { type FaultCode, isFault } from '@libs/faults/faults';
import { type ContentKeys } from '@libs/content-keys/content-keys';
import { originalOrRedacted } from '@libs/content-keys/original-or-redacted';
import { openLine, openObject } from '@libs/content-keys/sealed-content';
import { type ContentRef } from '@libs/events/content';
import { type Commit, type EventLog } from '@libs/log/log';

type Due = Catalogue['WebhookDue'];

/** api.md section 4: larger results are fetched by the receiver. */
export const inlineResultBytesMax = 256 * 1024;

export interface PayloadDeps {
  readonly log: EventLog;
  readonly keys: ContentKeys;
  /** Where clients reach the API, null when nobody said. */
  readonly publicUrl: string | null;
}

export async function webhookBody(
  { log, keys, publicUrl }: PayloadDeps, due: Due, nowMs: number,
): Promise<string> {
  const { job, event_type: type } = due;
  if (type === 'test') return bodyOf(type, new Date(nowMs).toISOString(), JSON.stringify(job));
  const commit = await log.readAt(due.terminal.sequence);
  const terminal = commit?.events[due.terminal.line];
  const timestamp = terminal?.time ?? new Date(nowMs).toISOString();
  if (due.alert !== undefined) return bodyOf(type, timestamp, JSON.stringify(due.alert));
  if (type !== 'job.succeeded') return bodyOf(type, timestamp, JSON.stringify(job));
  const url = `${publicUrl ?? ''}/v1/jobs/${String(job.id)}/result`;
  const byReference = bodyOf(type, timestamp, JSON.stringify({ ...job, result_url: url }));
  if (commit === null || terminal?.type !== 'JobSucceeded') return byReference;
  const { result } = terminal.data;
  if (result.bytes > inlineResultBytesMax) return byReference;
  try {
    const text = await originalOrRedacted(result, (ref) => readResult({ log, keys }, commit, ref));
    if (text === null) return byReference;
    return bodyOf(type, timestamp, withResult(JSON.stringify(job), text));
  } catch (error) {
    // Its content was erased or trimmed meanwhile; the job's end is still worth telling.
    if (isFault(error) && goneForGood.has(error.code)) return byReference;
    throw error;
  }
}

const goneForGood: ReadonlySet<string> = new Set<FaultCode>([
  'object_missing', 'content_erased', 'content_not_kept', 'content_key_missing',
]);

async function readResult(
  { log, keys }: Pick<PayloadDeps, 'log' | 'keys'>, commit: Commit, ref: ContentRef,
): Promise<string | null> {
  const key = await keys.keyOfContent(ref);
  if (ref.where === 'line') return openLine(commit.contentLines, ref, key);
  return openObject(await log.getObject(ref.sha256), ref, key);
}

/** The result is JSON already; it is set in as it was answered, digit for digit. */
function withResult(job: string, result: string): string {
  return `${job.slice(0, -1)},"result":${result}}`;
}

function bodyOf(type: string, timestamp: string, data: string): string {
  return `{"type":${JSON.stringify(type)},"timestamp":"${timestamp}","data":${data}}`;
}
