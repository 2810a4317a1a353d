// Checks the value of holdfast.yaml against its shape and says what was probably meant.
import type { z } from 'zod';
import { missingProviderTypes } from '@libs/governance/provider-types';
import type { ConfigPath, ProblemList } from './config-problem';
import { type HoldfastYaml, configJsonSchema, holdfastYaml, laterFields } from './holdfast-yaml';
import { nearestName } from '@libs/governance/nearest-name';

type Issue = z.core.$ZodIssue;

/** The checked value, null when `list` got problems. */
export function checkShape(value: unknown, list: ProblemList): HoldfastYaml | null {
  const result = holdfastYaml.safeParse(value ?? {});
  if (result.success) return result.data;
  for (const issue of result.error.issues) report(issue, value, list);
  return null;
}

function report(issue: Issue, value: unknown, list: ProblemList): void {
  const path = issue.path.filter((part) => typeof part !== 'symbol');
  if (issue.code === 'unrecognized_keys') {
    for (const name of issue.keys) list.add([...path, name], unknownField(path, name), 'key');
    return;
  }
  const given = at(value, path);
  if (given === undefined && path.length > 0) {
    list.add(path, 'is required');
    return;
  }
  list.add(path, wrongValue(issue, path, given));
}

function wrongValue(issue: Issue, path: ConfigPath, given: unknown): string {
  if (issue.code === 'invalid_value') {
    const values = issue.values.map(String);
    const missing = path.at(-1) === 'type' ? missingProviderTypes[String(given)] : undefined;
    if (missing !== undefined) return missing;
    const near = nearestName(String(given), values);
    const hint = near === null ? '' : `; did you mean "${near}"?`;
    return `"${String(given)}" is not one of ${values.join(', ')}${hint}`;
  }
  if (issue.code === 'invalid_union') {
    const isPlain = issue.message.startsWith('Invalid input');
    return isPlain ? 'must be a text or a list of texts' : issue.message;
  }
  return lowerFirst(issue.message.replace(/^Invalid input: /, ''));
}

function unknownField(path: ConfigPath, name: string): string {
  const later = laterFields[name];
  if (later !== undefined) return later;
  if (/^limit_[a-z]{3}$/i.test(name)) {
    return 'amounts are in USD; there is no other currency in this version: write limit_usd';
  }
  const near = nearestName(name, fieldNames(path));
  return near === null
    ? `unknown field; known here: ${fieldNames(path).join(', ')}`
    : `unknown field; did you mean "${near}"?`;
}

interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
}

/** Names of the fields that the shape has at `path`. */
function fieldNames(path: ConfigPath): readonly string[] {
  let node: SchemaNode | undefined = configJsonSchema();
  for (const part of path) {
    node = typeof part === 'number' ? node?.items : node?.properties?.[part];
  }
  return Object.keys(node?.properties ?? {});
}

function at(value: unknown, path: ConfigPath): unknown {
  let found = value;
  for (const part of path) {
    if (typeof found !== 'object' || found === null) return undefined;
    found = (found as Readonly<Record<string | number, unknown>>)[part];
  }
  return found;
}

function lowerFirst(text: string): string {
  return `${text.charAt(0).toLowerCase()}${text.slice(1)}`;
}
