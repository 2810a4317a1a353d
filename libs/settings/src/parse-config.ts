// Reads holdfast.yaml: text in, desired configuration out, or every problem at once.
import { readFileSync } from 'node:fs';
import { Fault } from '@libs/faults/faults';
import { type DesiredConfig } from '@libs/governance/desired-config';
import { buildConfig } from './build-config';
import { type ConfigProblem, problemText } from './config-problem';
import { checkShape } from './config-shape';
import { readConfigText } from './config-text';
import type { Environment } from './environment';

export type ParsedConfig =
  | { readonly ok: true; readonly config: DesiredConfig; readonly notes: readonly string[] }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

export interface ParseOptions {
  /** Name of the file, for messages. */
  readonly file?: string;
  readonly environment?: Environment;
  /** Decides which catalogue prices are in force. */
  readonly nowMs?: number;
  /** Refused when a file is applied; one that was applied before may be read again later. */
  readonly endedRaises?: 'refuse' | 'leave_out';
}

export function parseConfig(text: string, options: ParseOptions = {}): ParsedConfig {
  const { file = 'holdfast.yaml', environment = process.env, nowMs = Date.now() } = options;
  const { endedRaises = 'refuse' } = options;
  const { value, list } = readConfigText(text, file, environment);
  const notYaml = list.problems.length > 0 && value === null;
  const yaml = notYaml ? null : checkShape(value, list);
  if (yaml === null) return { ok: false, problems: inOrder(list.problems) };
  const notes: string[] = [];
  const config = buildConfig(yaml, nowMs, { environment, list, notes, endedRaises });
  if (list.problems.length > 0) return { ok: false, problems: inOrder(list.problems) };
  return { ok: true, config, notes };
}

/**
 * The same for a file.
 * @throws Fault settings_invalid with one line per problem.
 */
export function readConfigFile(
  path: string, options: Omit<ParseOptions, 'file'> = {},
): Extract<ParsedConfig, { ok: true }> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new Fault('settings_invalid', `${path} cannot be read`, { cause });
  }
  const parsed = parseConfig(text, { ...options, file: path });
  if (parsed.ok) return parsed;
  throw new Fault('settings_invalid', parsed.problems.map(problemText).join('\n'));
}

function inOrder(problems: readonly ConfigProblem[]): readonly ConfigProblem[] {
  return problems.toSorted((one, other) => (one.line ?? 0) - (other.line ?? 0));
}
