// From the words on a command line to the body of POST /v1/jobs.
import { Failure } from '../shared/failure';

export interface SubmitFlags {
  readonly model?: string;
  readonly endpoint: string;
  readonly priority?: string;
  readonly deadline?: string;
  readonly webhook?: string;
  readonly metadata?: readonly string[];
}

/** @throws Failure when it does not say what to ask. */
export function jobRequest(
  message: string | undefined, body: Readonly<Record<string, unknown>> | null, flags: SubmitFlags,
): Record<string, unknown> {
  return {
    endpoint: flags.endpoint,
    body: requestBody(message, body, flags.model),
    ...(flags.priority === undefined ? {} : { priority: flags.priority }),
    ...(flags.deadline === undefined ? {} : { deadline_s: Number(flags.deadline) }),
    ...(flags.webhook === undefined ? {} : { webhook: webhookOf(flags.webhook) }),
    ...(flags.metadata === undefined ? {} : { metadata: metadataOf(flags.metadata) }),
  };
}

function requestBody(
  message: string | undefined, body: Readonly<Record<string, unknown>> | null,
  model: string | undefined,
): Record<string, unknown> {
  if (body !== null) return { ...body, ...(model === undefined ? {} : { model }) };
  if (message === undefined) throw new Failure('Give a message, or a whole request with --body.');
  if (model === undefined) throw new Failure('Give the model with --model.');
  return { model, messages: [{ role: 'user', content: message }] };
}

function webhookOf(text: string): Record<string, string> {
  return /^https?:/.test(text) ? { url: text } : { endpoint_id: text };
}

function metadataOf(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(pairs.map((pair) => {
    const [name = '', ...rest] = pair.split('=');
    if (rest.length === 0) throw new Failure(`--metadata ${pair}: it must be name=value.`);
    return [name, rest.join('=')];
  }));
}
