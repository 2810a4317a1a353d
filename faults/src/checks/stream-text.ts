// The words of an answer in either surface: a streamed one put together, or a whole one.

export interface StreamRead {
  readonly text: string;
  /** It ended as the surface says that a whole answer ends. */
  readonly complete: boolean;
  /** It said that it went wrong. */
  readonly broken: boolean;
}

export function readStream(body: string): StreamRead {
  let text = '';
  let complete = false;
  let broken = false;
  for (const data of dataOf(body)) {
    if (data === '[DONE]') {
      complete = true;
      continue;
    }
    const event = JSON.parse(data) as StreamEvent;
    if (event.error !== undefined || event.type === 'error') broken = true;
    if (event.type === 'message_stop') complete = true;
    if (event.type === 'content_block_delta') text += event.delta?.text ?? '';
    text += event.choices?.[0]?.delta?.content ?? '';
  }
  return { text, complete: complete && !broken, broken };
}

/** The words of a whole answer; null when it is none. */
export function answerText(body: string): string | null {
  const answer = JSON.parse(body) as WholeAnswer;
  if (answer.choices !== undefined) return answer.choices[0]?.message?.content ?? '';
  if (answer.content === undefined) return null;
  return answer.content.map((block) => block.text ?? '').join('');
}

interface StreamEvent {
  readonly type?: string;
  readonly error?: unknown;
  readonly delta?: { readonly text?: string };
  readonly choices?: readonly { readonly delta?: { readonly content?: string | null } }[];
}

interface WholeAnswer {
  readonly choices?: readonly { readonly message?: { readonly content?: string | null } }[];
  readonly content?: readonly { readonly text?: string }[];
}

function dataOf(body: string): string[] {
  const events = body.split(/\r?\n\r?\n/);
  // What was cut off in the middle of an event says nothing.
  if (!/\r?\n\r?\n$/.test(body)) events.pop();
  return events.flatMap((event) => {
    const lines = event.split(/\r?\n/).filter((line) => line.startsWith('data:'));
    return lines.length === 0 ? [] : [lines.map((line) => line.slice(5).trimStart()).join('\n')];
  });
}
