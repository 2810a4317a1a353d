// What is wrong with rules of access taken by themselves: they are about nothing, contradict each
// other, or let nobody through. Said by level, id and field, so that each reader can name the place.
import type { LimitLevel } from '@libs/events/limits';
import { matchesGlob } from './glob';
import { isAboutSome, type KnownNames } from './known-names';
import { nearestName } from './nearest-name';
import type { Rules } from './policy';

export interface RuleProblem {
  readonly level: LimitLevel;
  readonly id: string;
  /** As in holdfast.yaml, parts joined by dots: `denied_models`, `budgets.0.models`. */
  readonly field: string;
  readonly message: string;
}

export interface RulesOf {
  readonly level: LimitLevel;
  readonly id: string;
  readonly rules: Rules;
}

/** Every request has one of these. */
const unrefusable: ReadonlySet<string> = new Set(['model', 'messages', 'prompt', 'input']);

/** `above`: rules of the customer and the team that this one stands below. */
export function ruleProblems(
  { level, id, rules }: RulesOf, known: KnownNames | null, above: readonly RulesOf[],
): RuleProblem[] {
  const problems: RuleProblem[] = [];
  const add: Add = (field, message) => {
    problems.push({ level, id, field, message });
  };
  for (const field of ['models', 'denied_models', 'providers', 'denied_providers'] as const) {
    const ofModels = field.endsWith('models');
    for (const glob of rules[field] ?? []) {
      const nothing = known === null ? null : aboutNothing(glob, ofModels, known);
      if (nothing !== null) add(field, nothing);
    }
  }
  contradictions(rules, above, add);
  paramProblems(rules, add);
  return problems;
}

/** null: it is about something, or that cannot be told. */
export function aboutNothing(glob: string, ofModels: boolean, known: KnownNames): string | null {
  if (ofModels && known.open) return null;
  const names = ofModels ? known.models : known.providers;
  if (known.providers.size === 0 || isAboutSome(glob, names)) return null;
  const near = nearestName(glob, [...names]);
  const hint = near === null ? '' : `; did you mean "${near}"?`;
  return ofModels
    ? `"${glob}" matches no model that a provider lists and no route${hint}`
    : `"${glob}" matches no provider; there is ${[...names].join(', ')}${hint}`;
}

type Add = (field: string, message: string) => void;

function contradictions(rules: Rules, above: readonly RulesOf[], add: Add): void {
  for (const what of ['models', 'providers'] as const) {
    const allowed = rules[what] ?? [];
    const denied = rules[`denied_${what}`] ?? [];
    if (denied.includes('*')) {
      add(`denied_${what}`, '"*" denies everything; write state: suspended to stop it');
      continue;
    }
    for (const name of allowed) {
      const by = coveredBy(name, denied);
      if (by !== undefined) add(`denied_${what}`, `"${by}" denies what ${what} allows ("${name}")`);
    }
    const owners = allowed.map((name) =>
      above.find((one) => coveredBy(name, one.rules[`denied_${what}`] ?? []) !== undefined));
    const [first] = owners;
    if (first !== undefined && owners.every((owner) => owner !== undefined)) {
      add(what, `all of it is denied by ${first.level} ${first.id}`);
    }
  }
}

/** A glob that matches every name that `name` (a glob, too) stands for. */
function coveredBy(name: string, denied: readonly string[]): string | undefined {
  return denied.find((glob) => matchesGlob(glob, name));
}

function paramProblems({ params }: Rules, add: Add): void {
  const { temperature, refused = [] } = params ?? {};
  if (temperature !== undefined && temperature.min > temperature.max) {
    add('params.temperature', `min (${temperature.min}) is above max (${temperature.max})`);
  }
  const needed = refused.find((name) => unrefusable.has(name));
  if (needed !== undefined) {
    add('params.refuse', `"${needed}" is in every request; write state: suspended to stop it`);
  }
}
