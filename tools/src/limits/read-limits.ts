// Budgets and rate limits as a person writes them on a command line ("10 per day", "60 requests/minute"),
// read into the fields that the API takes. What they mean together is looked at there.
import {
  type BudgetWindow, budgetWindows, rateKinds, rateWindows,
} from '@libs/events/limits';
import { nearestName } from '@libs/governance/nearest-name';
import { Failure } from '../shared/failure';
import { listOf, none, wholeNumber } from '../shared/flag-values';

export interface LimitFlags {
  readonly budget?: readonly string[];
  readonly rate?: readonly string[];
  readonly concurrent?: string;
}

export interface BudgetBody {
  readonly limit_usd: string;
  readonly window: BudgetWindow;
  readonly calendar?: true;
  readonly soft?: true;
  readonly models?: readonly string[];
  readonly providers?: readonly string[];
  readonly time_zone?: string;
  readonly alert_at?: readonly number[];
}

const budgetExample = 'Write e.g. "10 per day", "2.50/hour models=gpt-4o*" or '
  + '"100 per month calendar zone=Europe/Berlin".';
const rateExample = 'Write e.g. "60 requests/minute", "100000 tokens per hour models=gpt-4o*" or '
  + '"20 concurrent models=gpt-4o*".';

/** Names only what is said. @throws Failure that names the part and how it is written. */
export function limitsBody({ budget, rate, concurrent }: LimitFlags): object {
  if (budget === undefined && rate === undefined && concurrent === undefined) {
    throw new Failure('Say what bounds it: --budget, --rate or --concurrent; '
      + '`holdfast limits lift` takes all of them away.');
  }
  return {
    ...(budget === undefined ? {} : { budgets: all(budget, readBudget) }),
    ...(rate === undefined ? {} : { rate_limits: all(rate, readRate) }),
    ...(concurrent === undefined ? {} : {
      max_concurrent: concurrent === none ? null : wholeNumber('--concurrent', concurrent),
    }),
  };
}

function all<T>(texts: readonly string[], read: (text: string) => T): T[] {
  return texts.length === 1 && texts[0] === none ? [] : texts.map(read);
}

/** @throws Failure that names the part and how it is written. */
export function readBudget(text: string): BudgetBody {
  const wrong = wrongIn('--budget', text, budgetExample);
  const [amount = '', ...after] = wordsOf(text);
  // Amounts stay text: a number would be cut to what a double keeps.
  if (!/^\d+(\.\d{1,12})?$/.test(amount)) {
    wrong(`"${amount}" is no amount; write US dollars as a number, without a currency.`);
  }
  const [window, more] = windowOf(after, budgetWindows, { before: amount, wrong });
  const options = more.map((word) => budgetOption(word, wrong));
  const body = { limit_usd: amount, window, ...Object.assign({}, ...options) as object };
  if ('time_zone' in body && !('calendar' in body)) {
    wrong('zone= says where a calendar window begins; add "calendar", or leave it out.');
  }
  return body;
}

/** @throws Failure that names the part and how it is written. */
export function readRate(text: string): Readonly<Record<string, unknown>> {
  const wrong = wrongIn('--rate', text, rateExample);
  const [amount = '', word = '', ...after] = wordsOf(text);
  if (!/^[1-9]\d*$/.test(amount) || !Number.isSafeInteger(Number(amount))) {
    wrong(`"${amount}" is no count; write a whole number above 0.`);
  }
  const kinds: readonly string[] = [...rateKinds, 'concurrent'];
  const kind = [word, `${word}s`].find((name) => kinds.includes(name));
  if (kind === undefined) return wrong(`"${word}" is nothing that is counted; ${hintOf(word, kinds)}`);
  if (kind === 'concurrent') {
    if (after[0] === 'per') wrong('"concurrent" counts what is under way now; leave the window out.');
    return { concurrent: Number(amount), ...rateOptions(after, wrong) };
  }
  const [window, more] = windowOf(after, rateWindows, { before: kind, wrong });
  return { [kind]: Number(amount), window, ...rateOptions(more, wrong) };
}

type Wrong = (what: string) => never;

function wrongIn(flag: string, text: string, example: string): Wrong {
  return (what) => { throw new Failure(`${flag} "${text}": ${what} ${example}`); };
}

/** The first slash is "per"; those behind a "=" are of names. */
function wordsOf(text: string): string[] {
  return text.replace(/^([^/=]*?)\s*\/\s*/, '$1 per ').trim().split(/\s+/);
}

function windowOf<W extends string>(
  [per, word = '', ...rest]: readonly string[], windows: readonly W[],
  { before, wrong }: { readonly before: string; readonly wrong: Wrong },
): [W, readonly string[]] {
  const total = windows.find((window) => window === 'total' && window === per);
  if (total !== undefined) return [total, word === '' ? [] : [word, ...rest]];
  if (per !== 'per') {
    wrong(`after "${before}" comes "per" (or "/") and a window${per === undefined ? '' : `, not "${per}"`}.`);
  }
  const found = windows.find((window) => window === word);
  return found === undefined ? wrong(`"${word}" is no window here; ${hintOf(word, windows)}`)
    : [found, rest];
}

function budgetOption(word: string, wrong: Wrong): Partial<BudgetBody> {
  const [name, value] = optionOf(word);
  const given = (): string[] => namesIn(word, value, wrong);
  switch (name) {
    case 'calendar': case 'soft':
      return value === null ? { [name]: true } : wrong(`"${word}": "${name}" stands alone.`);
    case 'models': case 'providers': return { [name]: given() };
    case 'zone': return { time_zone: given().join(',') };
    case 'alert': return { alert_at: value === none ? [] : given().map((part) => percentOf(part, wrong)) };
    default: return wrong(`"${word}" is not known; `
      + hintOf(name, ['calendar', 'soft', 'models', 'providers', 'zone', 'alert']));
  }
}

function rateOptions(words: readonly string[], wrong: Wrong): { readonly models?: string[] } {
  return Object.assign({}, ...words.map((word) => {
    const [name, value] = optionOf(word);
    return name === 'models' ? { models: namesIn(word, value, wrong) }
      : wrong(`"${word}" is not known; only models=… may follow.`);
  })) as { models?: string[] };
}

function optionOf(word: string): readonly [string, string | null] {
  const equals = word.indexOf('=');
  return equals < 0 ? [word, null] : [word.slice(0, equals), word.slice(equals + 1)];
}

function namesIn(word: string, value: string | null, wrong: Wrong): string[] {
  const names = listOf(value ?? '') ?? [];
  return names.length > 0 ? names
    : wrong(`"${word}" names nothing; write ${optionOf(word)[0]}=…, with commas between several.`);
}

function percentOf(text: string, wrong: Wrong): number {
  return /^[1-9]\d{0,3}$/.test(text) ? Number(text)
    : wrong(`"${text}" is no percentage; write alert=50,80 or alert=none.`);
}

function hintOf(word: string, names: readonly string[]): string {
  const near = nearestName(word, names);
  return near === null ? `there is ${names.join(', ')}.` : `did you mean "${near}"?`;
}
