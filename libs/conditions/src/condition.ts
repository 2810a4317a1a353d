// Conditions in CEL (https://cel.dev): compiled once, evaluated without effects, in bounded time for
// bounded input. Pure.
import { celEnv, isCelError, parse, plan } from '@bufbuild/cel';

type CelInput = string | number | boolean | readonly string[] | { readonly [name: string]: CelInput };
/** What a condition may ask about. */
export type ConditionFacts = Readonly<Record<string, CelInput>>;

export interface Condition {
  /** False also when it cannot be evaluated: it names what is not there, or is no truth value. */
  readonly isMet: (facts: ConditionFacts) => boolean;
}

/** A longer one is no condition; it would be evaluated for every request. */
const lengthMax = 2_000;
const environment = celEnv();
const compiled = new Map<string, Condition>();
const compiledMax = 1_000;

/** The condition of a text that was checked before; one that cannot be parsed is never met. */
export function conditionOf(text: string): Condition {
  let condition = compiled.get(text);
  if (condition === undefined) {
    if (compiled.size >= compiledMax) compiled.clear();
    condition = faultOf(text) === null ? compile(text) : { isMet: () => false };
    compiled.set(text, condition);
  }
  return condition;
}

/** Why a text is no condition, for who wrote it; null: it is one. */
export function faultOf(text: string): string | null {
  if (text.length > lengthMax) return `longer than ${lengthMax} characters`;
  try {
    plan(environment, parse(text).expr);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function compile(text: string): Condition {
  const evaluate = plan(environment, parse(text).expr);
  return {
    isMet: (facts) => {
      const result = evaluate(facts);
      return !isCelError(result) && result === true;
    },
  };
}
