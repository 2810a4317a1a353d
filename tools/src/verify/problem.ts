// What verification can find. Each is named, with its place.

export type ProblemKind =
  | 'changed' | 'missing' | 'inserted' | 'moved' | 'truncated'
  | 'content' | 'key' | 'checkpoint' | 'signature' | 'tree' | 'stream' | 'proof' | 'bundle' | 'unsigned' | 'absent';

export interface Problem {
  readonly kind: ProblemKind;
  readonly message: string;
}

export function problem(kind: ProblemKind, message: string): Problem {
  return { kind, message };
}
