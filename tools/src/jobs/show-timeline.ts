// A job's timeline for people: what happened when, and why each decision came out as it did.
export interface TimelineEntry {
  readonly type: string;
  readonly time: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly explained?: readonly string[];
}

export function timelineText(entries: readonly TimelineEntry[]): string {
  const startedMs = Date.parse(entries[0]?.time ?? '');
  return entries.map((entry) => {
    const afterMs = Date.parse(entry.time) - startedMs;
    const head = `${entry.time}  +${String(afterMs).padEnd(6)} ${entry.type}${about(entry)}`;
    return [head, ...(entry.explained ?? []).map((line) => `    ${line}`)].join('\n');
  }).join('\n');
}

interface Attempt {
  readonly provider: string;
  readonly model: string;
  readonly outcome: string;
  readonly duration_ms: number;
  readonly error: { readonly class: string } | null;
}

const told = ['model', 'reason', 'status', 'until_ms'] as const;

/** What each kind of event says in one line: its calls, else a few of its fields. */
function about({ data }: TimelineEntry): string {
  const { attempts, attempt } = data as { attempts?: readonly Attempt[]; attempt?: Attempt | null };
  const calls = [...attempts ?? [], ...(attempt == null ? [] : [attempt])].map(inWords);
  const fields = told.flatMap((name) => {
    const value = data[name];
    return typeof value === 'string' || typeof value === 'number' ? [`${name}=${value}`] : [];
  });
  const said = (calls.length > 0 ? calls : fields).join(', ');
  return said === '' ? '' : `  ${said}`;
}

function inWords({ provider, model, outcome, duration_ms: tookMs, error }: Attempt): string {
  return `${provider}/${model} ${outcome}${error === null ? '' : ` (${error.class})`} in ${tookMs} ms`;
}
