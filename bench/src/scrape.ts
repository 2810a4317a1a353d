// Reads figures from a service's /metrics (Prometheus text format).

/** Value of a metric without labels of its own (those every metric has do not matter); else NaN. */
export function metricIn(text: string, name: string): number {
  const line = new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)`, 'm').exec(text);
  return Number(line?.[1] ?? NaN);
}

/** Sum over all label values. */
export function metricSumIn(text: string, name: string): number {
  const lines = text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)`, 'gm'));
  return [...lines].reduce((sum, [, value]) => sum + Number(value), 0);
}

export async function scrape(url: string): Promise<string> {
  const answer = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(10_000) });
  if (!answer.ok) throw new Error(`${url}/metrics answers ${answer.status}`);
  return await answer.text();
}
