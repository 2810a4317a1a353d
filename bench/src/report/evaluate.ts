// The verdicts on saved results.
import { loadRows } from '../parts/load-rows';
import { type Results } from '../results';
import { evaluateTargets, type Target } from '../targets';

export function targetsOf({ parts }: Pick<Results, 'parts'>): Target[] {
  return evaluateTargets({
    rows: parts.load === undefined ? [] : loadRows(parts.load),
    halfRate: parts['half-rate'] ?? null,
    growth: parts.growth ?? null,
  });
}
