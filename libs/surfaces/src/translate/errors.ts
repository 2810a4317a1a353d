// A provider's error in the words of the other surface, with the same status and message.
import { anthropicErrorType, openaiErrorType } from '../errors';
import { isObject, parseJson, textOf, textOrNull } from '../json';
import { type ProviderKind, type Surface } from '../surface';

export interface ProviderError {
  readonly type: string | null;
  readonly code: string | null;
  readonly param: string | null;
  readonly message: string | null;
}

/** Reads either envelope, and the looser ones of compatible servers. */
export function readProviderError(body: string): ProviderError {
  const parsed = parseJson(body);
  const outer = isObject(parsed) ? parsed : {};
  const { error } = outer;
  if (typeof error === 'string') return { type: null, code: null, param: null, message: error };
  const inner = isObject(error) ? error : outer;
  const details = isObject(inner.details) ? inner.details : {};
  const code = inner.code ?? details.error_code;
  return {
    type: textOrNull(inner.type),
    code: typeof code === 'number' ? String(code) : textOrNull(code),
    param: textOrNull(inner.param),
    message: textOrNull(inner.message) ?? textOrNull(inner.detail),
  };
}

/** The body to hand to the client: untouched on its own surface if it is an envelope at all. */
export function translateError(
  from: ProviderKind, to: Surface, answer: { readonly status: number; readonly body: string },
): string {
  const { status, body } = answer;
  const error = readProviderError(body);
  if (from === to && error.message !== null && hasEnvelope(body)) return body;
  const message = error.message ?? `The provider answered ${status}.`;
  if (to === 'anthropic') {
    return JSON.stringify({ type: 'error', error: { type: anthropicErrorType(status), message } });
  }
  return JSON.stringify({
    error: { message, type: openaiErrorType(status), param: error.param, code: codeOf(error) },
  });
}

function hasEnvelope(body: string): boolean {
  const parsed = parseJson(body);
  return isObject(parsed) && isObject(parsed.error) && textOf(parsed.error.message) !== '';
}

/** OpenAI's clients branch on these codes. */
function codeOf(error: ProviderError): string | null {
  const message = textOf(error.message);
  if (/prompt is too long|context (window|limit)|maximum context/i.test(message)) {
    return 'context_length_exceeded';
  }
  return error.type === 'not_found_error' ? 'model_not_found' : error.code;
}
