// What is wrong with a configuration file, said so that it can be mended.

export type ConfigPath = readonly (string | number)[];

export interface ConfigProblem {
  readonly file: string;
  /** 1 is the first; null when no place in the file can be named. */
  readonly line: number | null;
  /** `providers[0].api_key`; empty for the whole file. */
  readonly path: string;
  readonly message: string;
}

/** Collects problems while the file is read; places are given by path. */
export interface ProblemList {
  readonly problems: ConfigProblem[];
  /** `key`: the problem is the name of the field, not its value. */
  add(path: ConfigPath, message: string, key?: 'key'): void;
}

export function problemList(
  file: string, lineOf: (path: ConfigPath, key: boolean) => number | null,
): ProblemList {
  const problems: ConfigProblem[] = [];
  return {
    problems,
    add: (path, message, key) => {
      problems.push({ file, line: lineOf(path, key === 'key'), path: pathText(path), message });
    },
  };
}

/** One line per problem: `holdfast.yaml:12: providers[0].typ: unknown field; …`. */
export function problemText(problem: ConfigProblem): string {
  const place = problem.line === null ? problem.file : `${problem.file}:${problem.line}`;
  return problem.path === ''
    ? `${place}: ${problem.message}`
    : `${place}: ${problem.path}: ${problem.message}`;
}

export function pathText(path: ConfigPath): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    return text === '' ? part : `${text}.${part}`;
  }, '');
}
