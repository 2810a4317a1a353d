// The query of a list of jobs.

export interface ListFlags {
  readonly status?: string;
  readonly model?: string;
  readonly metadata?: readonly string[];
  readonly limit: string;
  readonly after?: string;
}

export function listPath(flags: ListFlags): string {
  const query = new URLSearchParams({ limit: flags.limit });
  if (flags.status !== undefined) query.set('status', flags.status);
  if (flags.model !== undefined) query.set('model', flags.model);
  if (flags.after !== undefined) query.set('after', flags.after);
  for (const pair of flags.metadata ?? []) {
    const [name = '', ...rest] = pair.split('=');
    query.set(`metadata[${name}]`, rest.join('='));
  }
  return `/v1/jobs?${query.toString()}`;
}
