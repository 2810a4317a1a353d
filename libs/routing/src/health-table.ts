// Health as a table for people: for the terminal and for `GET /admin/v1/health?format=text`.
import type { KeyView, MeasureView, ProviderView, TargetView } from './health-view';

/** What needs attention comes first in a row; what is not known is a dash. */
export function healthTable(providers: readonly ProviderView[], nowMs: number): string {
  if (providers.length === 0) return 'no provider is configured';
  const targets = [
    ['target', 'state', 'share', 'in flight', 'calls/min', 'failed', 'first token', 'answer', 'tokens/s', 'why'],
    ...providers.flatMap((provider) => provider.targets.map((target) => targetRow(provider, target, nowMs))),
  ];
  const keys = [
    ['key', 'state', 'in flight', 'calls/min', 'tokens/min', 'left', 'why'],
    ...providers.flatMap((provider) => provider.keys.map((key) => keyRow(key, nowMs))),
  ];
  return `${columns(targets)}\n\n${columns(keys)}`;
}

function targetRow(provider: ProviderView, target: TargetView, nowMs: number): string[] {
  const isDown = provider.state === 'open' || provider.state === 'half_open';
  const { state, why } = isDown ? provider : target;
  const error = target.last_error;
  const last = error === null || state === 'healthy' ? ''
    : `; last: ${error.class} ${ago(error.atMs, nowMs)}`;
  return [
    `${target.provider}/${target.model}`, state, isDown ? '-' : `${Math.round(target.share * 100)} %`,
    String(target.in_flight), String(target.calls), percent(target.failed, target.calls),
    measure(target.first_token_ms, 'ms'), measure(target.total_ms, 'ms'),
    measure(target.tokens_per_s, ''), `${why}${last}`,
  ];
}

function keyRow(key: KeyView, nowMs: number): string[] {
  const most = key.max_in_flight === null ? '' : ` of ${key.max_in_flight}`;
  const left = [
    key.requests_remaining === null ? null : `${key.requests_remaining} requests`,
    key.tokens_remaining === null ? null : `${key.tokens_remaining} tokens`,
  ].filter((text) => text !== null).join(', ');
  const until = key.until_ms === null || key.state === 'healthy' ? ''
    : `, for another ${Math.max(0, Math.ceil((key.until_ms - nowMs) / 1000))} s`;
  return [
    `${key.provider}/${key.key}`, key.state, `${key.in_flight}${most}`, String(key.calls),
    String(key.tokens), left === '' ? '-' : left, `${key.why}${until}`,
  ];
}

/** p50 lately, with what is usual where it differs. */
function measure({ p50, usual_p50: usual }: MeasureView, unit: string): string {
  if (p50 === null) return '-';
  const text = `${short(p50)} ${unit}`.trim();
  return usual === null || usual === p50 ? text : `${text} (usually ${short(usual)})`;
}

function short(value: number): string {
  return value >= 100 ? String(Math.round(value)) : String(value);
}

function percent(part: number, of: number): string {
  return of === 0 ? '-' : `${Math.round(100 * part / of)} %`;
}

function ago(atMs: number, nowMs: number): string {
  return `${Math.max(0, Math.round((nowMs - atMs) / 1000))} s ago`;
}

function columns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, index) => { widths[index] = Math.max(widths[index] ?? 0, cell.length); });
  }
  return rows.map((row) =>
    row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join('  ').trimEnd()).join('\n');
}
