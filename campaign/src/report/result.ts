// What a scenario came to, as it is saved.
import { type Figures } from '../figures/figures';

export interface ScenarioResult {
  readonly name: string;
  readonly what: string;
  readonly seconds: number;
  readonly seed: number;
  /** What was not as expected. */
  readonly findings: readonly string[];
  readonly modes: readonly { readonly mode: string; readonly figures: Figures }[];
}

export interface SavedResult extends ScenarioResult {
  readonly measured_at: string;
  readonly commit: string;
  readonly machine: string;
}
