// NATS subject matching: `*` stands for one token, a last `>` for one or more.

/** Whether `subject` matches `pattern`. */
export function subjectMatches(pattern: string, subject: string): boolean {
  if (pattern === subject) return true;
  const wanted = pattern.split('.');
  const given = subject.split('.');
  for (const [index, token] of wanted.entries()) {
    if (token === '>') return given.length > index;
    const other = given[index];
    if (other === undefined || (token !== '*' && token !== other)) return false;
  }
  return wanted.length === given.length;
}

/** A predicate over subjects that remembers its answers: a log has few different subjects. */
export function subjectFilter(patterns: readonly string[]): (subject: string) => boolean {
  const known = new Map<string, boolean>();
  return (subject) => {
    const remembered = known.get(subject);
    if (remembered !== undefined) return remembered;
    const matches = patterns.some((pattern) => subjectMatches(pattern, subject));
    known.set(subject, matches);
    return matches;
  };
}
