// Adds the beginning of an answer to a request, in the way in which its provider goes on with one.
import { type BegunText } from './outcome';
import {
  applyEdits, type Edit, insertFields, replaceValue, type Span, topLevelSpans,
} from './splice-body';

/** English prose is about four characters per token over the common tokenizers. */
const charsPerToken = 4;

/** Fields that bound the answer: what was said counts. */
const bounds: ReadonlySet<string> = new Set(['max_tokens', 'max_completion_tokens']);

/** null: there are no messages. `body` is in the provider's own shape. */
export function withBegunAnswer(body: Buffer, begun: BegunText): Buffer | null {
  const spans = topLevelSpans(body);
  const messages = spans?.find(({ key }) => key === 'messages');
  if (spans == null || messages === undefined) return null;
  const end = lastBracket(body, messages);
  if (end === null) return null;
  const message = { role: 'assistant', content: givenText(begun), ...marks(begun) };
  const edits: Edit[] = [{ start: end, end, text: `,${JSON.stringify(message)}` }];
  for (const span of spans) {
    if (bounds.has(span.key)) edits.push(...lowered(body, span, begun.text.length));
  }
  if (begun.way === 'continue_final_message') {
    // The two exclude each other, and the second one's default is true.
    const fields = '"continue_final_message":true,"add_generation_prompt":false';
    edits.push(insertFields(body, spans, fields));
  }
  return applyEdits(body, edits);
}

/** Anthropic's API refuses white space at the end, and what stands before one of its kind does too. */
export function isTrimmed({ way }: Pick<BegunText, 'way'>): boolean {
  return way === 'assistant';
}

function givenText(begun: BegunText): string {
  return isTrimmed(begun) ? begun.text.trimEnd() : begun.text;
}

function marks({ way }: BegunText): { readonly prefix?: true } {
  return way === 'prefix' ? { prefix: true } : {};
}

/** Of a list that is not empty. */
function lastBracket(body: Buffer, { valueStart, valueEnd }: Span): number | null {
  const text = body.toString('latin1', valueStart, valueEnd);
  return /^\[\s*\{/.test(text.slice(0, 64)) && text.endsWith(']') ? valueEnd - 1 : null;
}

function lowered(body: Buffer, span: Span, chars: number): Edit[] {
  const bound = Number(body.toString('utf8', span.valueStart, span.valueEnd));
  if (!Number.isInteger(bound) || bound < 1) return [];
  return [replaceValue(span, String(Math.max(1, bound - Math.ceil(chars / charsPerToken))))];
}
