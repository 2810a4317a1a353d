// From the text of holdfast.yaml to a plain value: YAML with line numbers, and `${NAME}` /
// `${{NAME}}` filled in from the environment (except in secret fields, which keep their reference).
import {
  type Document, type ParsedNode, LineCounter, isMap, isNode, isPair, isScalar, isSeq,
  parse, parseDocument,
} from 'yaml';
import { type ConfigPath, type ProblemList, problemList } from './config-problem';
import type { Environment } from './environment';
import { nearestName } from '@libs/governance/nearest-name';

export interface ConfigText {
  /** The file as a plain value; empty values (`null`) are left out. */
  readonly value: unknown;
  readonly list: ProblemList;
}

const variable = /\$\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}|\$\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}/g;

export function readConfigText(
  text: string, file: string, environment: Environment,
): ConfigText {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const list = problemList(file, (path, key) => lineOf(document, lines, path, key));
  for (const error of document.errors) {
    const line = lines.linePos(error.pos[0]).line;
    list.problems.push({ file, line, path: '', message: `not YAML: ${error.message}` });
  }
  if (list.problems.length > 0) return { value: null, list };
  return { value: plain(document.contents, [], { environment, list }), list };
}

/** Whether the field holds a secret: its references stay references. */
export function isSecretField(path: ConfigPath): boolean {
  const last = path.at(-1);
  return last === 'api_key' || (last === 'value' && path.includes('keys'));
}

interface Reading {
  readonly environment: Environment;
  readonly list: ProblemList;
}

function plain(node: unknown, path: ConfigPath, reading: Reading): unknown {
  if (isMap(node)) {
    const entries: [string, unknown][] = [];
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? String(key.value) : String(key);
      const plainValue = plain(value, [...path, name], reading);
      if (plainValue !== undefined) entries.push([name, plainValue]);
    }
    return Object.fromEntries(entries);
  }
  if (isSeq(node)) {
    return node.items.map((item, index) => plain(item, [...path, index], reading));
  }
  if (!isScalar(node) || node.value === null) return undefined;
  if (typeof node.value !== 'string' || isSecretField(path)) return node.value;
  return filledIn(node.value, node.type === 'PLAIN', { ...reading, path });
}

/** A whole unquoted `${NAME}` may stand for a number or a truth value; anything else is text. */
function filledIn(
  text: string, unquoted: boolean, reading: Reading & { readonly path: ConfigPath },
): unknown {
  if (!text.includes('${')) return text;
  const whole = text.replace(variable, '') === '' && [...text.matchAll(variable)].length === 1;
  const filled = text.replace(variable, (_, double?: string, single?: string) =>
    valueOf(double ?? single ?? '', reading) ?? '');
  if (!whole || !unquoted) return filled;
  const scalar: unknown = parse(filled);
  return typeof scalar === 'number' || typeof scalar === 'boolean' ? scalar : filled;
}

function valueOf(
  name: string, { environment, list, path }: Reading & { readonly path: ConfigPath },
): string | undefined {
  const value = environment[name];
  if (value === undefined || value === '') list.add(path, missingVariable(name, environment));
  return value;
}

/** What to say of a variable that is not set. */
export function missingVariable(name: string, environment: Environment): string {
  const set = Object.keys(environment).filter((key) => (environment[key] ?? '') !== '');
  const near = nearestName(name, set);
  const hint = near === null ? '' : `; did you mean ${near}?`;
  return `the environment variable ${name} is not set${hint}`;
}

function lineOf(
  document: Document.Parsed, lines: LineCounter, path: ConfigPath, key: boolean,
): number | null {
  // A missing field has no place of its own: its parent's is named.
  for (let length = path.length; length >= 0; length -= 1) {
    const node = nodeAt(document.contents, path.slice(0, length), key && length === path.length);
    const start = isNode(node) ? (node as ParsedNode).range[0] : undefined;
    if (start !== undefined) return lines.linePos(start).line;
  }
  return null;
}

function nodeAt(root: unknown, path: ConfigPath, key: boolean): unknown {
  let node: unknown = root;
  for (const [index, part] of path.entries()) {
    if (isSeq(node)) {
      node = node.items[Number(part)];
    } else if (isMap(node)) {
      const pair = node.items.find((item) => isPair(item) && String(item.key) === String(part));
      node = key && index === path.length - 1 ? pair?.key : (pair?.value ?? pair?.key);
    } else {
      return undefined;
    }
  }
  return node;
}
