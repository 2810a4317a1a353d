// Secret fields of holdfast.yaml: they hold a reference, and a literal secret is refused.
import type { ConfigPath, ProblemList } from './config-problem';
import { missingVariable } from './config-text';
import type { Environment } from './environment';
import { SecretUnavailable, resolveSecret } from './secret-ref';

const wholeVariable = /^\$\{\{\s*([A-Za-z_]\w*)\s*\}\}$|^\$\{\s*([A-Za-z_]\w*)\s*\}$/;
const named = /^env:([A-Za-z_]\w*)$/;

export interface SecretField {
  readonly path: ConfigPath;
  readonly text: string;
  /** A good name for its variable, for the message that refuses a literal. */
  readonly suggestedVariable: string;
}

/** The reference a secret field holds, null (and a problem) when it holds none that works. */
export function secretReference(
  field: SecretField, environment: Environment, list: ProblemList,
): string | null {
  const text = field.text.trim();
  const whole = wholeVariable.exec(text);
  const name = whole?.[1] ?? whole?.[2] ?? named.exec(text)?.[1];
  if (name !== undefined) {
    if ((environment[name] ?? '').trim() !== '') return `env:${name}`;
    list.add(field.path, missingVariable(name, environment));
    return null;
  }
  if (/^file:\/./.test(text)) return readable(text, field, list);
  list.add(field.path, refusal(text, field.suggestedVariable));
  return null;
}

/** The value behind a reference, for what is stored as a hash. null (and a problem) when unreadable. */
export function secretValue(
  ref: string, path: ConfigPath, reading: { environment: Environment; list: ProblemList },
): string | null {
  try {
    return resolveSecret(ref, reading.environment).reveal();
  } catch (error) {
    if (!(error instanceof SecretUnavailable)) throw error;
    reading.list.add(path, error.message);
    return null;
  }
}

function readable(ref: string, field: SecretField, list: ProblemList): string | null {
  try {
    resolveSecret(ref);
    return ref;
  } catch (error) {
    if (!(error instanceof SecretUnavailable)) throw error;
    list.add(field.path, error.message);
    return null;
  }
}

/** Never repeats the text: it may be the secret. */
function refusal(text: string, suggested: string): string {
  if (/\$\{|^env:|^file:/.test(text)) {
    return `a secret is one whole \${NAME}, env:NAME or file:/path, and nothing around it`;
  }
  return 'secrets do not belong into this file; put it into a variable, e.g. '
    + `export ${suggested}=…, and write \${${suggested}} here (or env:${suggested}, file:/path)`;
}
