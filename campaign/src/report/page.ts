// The measured part of docs/routing-campaign.md.
import { type Figures } from '../figures/figures';
import { type SavedResult } from './result';
import { millisecondsText, percentText, secondsText, shareText, signedText } from './text';

const begin = '<!-- measured: written by `npm run routing-campaign -- --report`, not to be edited -->';
const end = '<!-- end of what was measured -->';

/** The page with its measured part made anew. @throws Error when it has no place for it. */
export function withMeasured(page: string, results: readonly SavedResult[]): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`the page lacks "${begin}" … "${end}"`);
  return `${page.slice(0, from)}${begin}\n\n${measured(results)}\n${page.slice(to)}`;
}

export function measured(results: readonly SavedResult[]): string {
  const troubled = results.filter(({ modes }) => modes[0]?.mode === 'on');
  const others = results.filter(({ modes }) => modes[0]?.mode !== 'on');
  return [
    circumstances(results), '',
    ...troubled.length > 0 ? [
      '### Answers', '',
      ...table([
        'scenario', 'requests', 'answered, on', 'off', 'p50 / p99 in trouble, ms, on', 'off',
        'added to p50 / p99, ms, on', 'off',
      ], troubled.map((result) => [
        `\`${result.name}\`: ${result.what}`, both(result, ({ requests }) => String(requests)),
        ...each(result, shareText),
        ...each(result, ({ troubleP50Ms, troubleP99Ms }) => (
          `${millisecondsText(troubleP50Ms)} / ${millisecondsText(troubleP99Ms)}`)),
        ...each(result, ({ addedP50Ms, addedP99Ms }) => (
          addedP50Ms === null ? '–' : `${signedText(addedP50Ms)} / ${signedText(addedP99Ms)}`)),
      ])),
      '',
      '### Where requests go first', '',
      ...table([
        'scenario', 'at the bad one while it is bad, on', 'off', 'after detection, on', 'off',
        'detected after, s, on', 'off', 'half its share after, s, on', 'off',
        'all answered after, s, on', 'off',
      ], troubled.map((result) => [
        `\`${result.name}\``,
        ...each(result, ({ badShare }) => percentText(badShare)),
        ...each(result, ({ badAfterDetection }) => percentText(badAfterDetection)),
        ...each(result, ({ detectS }) => secondsText(detectS, 'never')),
        ...each(result, ({ returnS }) => secondsText(returnS, '–')),
        ...each(result, ({ answeredAgainS }) => secondsText(answeredAgainS, '–')),
      ])),
      '',
    ] : [],
    ...others.flatMap(strategies),
    ...unanswered(results),
    ...findings(results),
  ].join('\n').trimEnd() + '\n';
}

function circumstances(results: readonly SavedResult[]): string {
  const distinct = (value: (result: SavedResult) => string): string => (
    [...new Set(results.map(value))].join(', '));
  return `Measured on ${distinct((one) => one.measured_at)} at ${distinct((one) => one.commit)}; `
    + `${distinct((one) => one.machine)}; seed ${distinct((one) => String(one.seed))}, `
    + `${distinct((one) => String(one.seconds))} s of traffic.`;
}

function strategies({ name, what, modes }: SavedResult): string[] {
  return [
    '### Strategies', '', `\`${name}\`: ${what}.`, '',
    ...table(
      ['strategy', 'requests', 'answered', 'p50 / p99, ms', 'USD billed', 'first attempts'],
      modes.map(({ mode, figures }) => [
        mode, String(figures.requests), shareText(figures),
        `${millisecondsText(figures.p50Ms)} / ${millisecondsText(figures.p99Ms)}`,
        figures.usd.toFixed(4),
        Object.entries(figures.shares)
          .map(([provider, share]) => `${provider} ${percentText(share)}`).join(', '),
      ]),
    ),
    '',
  ];
}

function unanswered(results: readonly SavedResult[]): string[] {
  const rows = results.flatMap(({ name, modes }) => modes.flatMap(({ mode, figures }) => (
    Object.entries(figures.unanswered).map(([reason, count]) => (
      [`\`${name}\``, mode, String(count), reason])))));
  return rows.length === 0 ? [] : [
    '### Not answered', '', ...table(['scenario', 'mode', 'times', 'why'], rows), '',
  ];
}

function findings(results: readonly SavedResult[]): string[] {
  const lines = results.flatMap(({ name, findings: found }) => (
    found.map((finding) => `- \`${name}\`: ${finding}`)));
  return lines.length === 0 ? [] : ['### Not as expected', '', ...lines, ''];
}

function each({ modes }: SavedResult, text: (figures: Figures) => string): string[] {
  return modes.map(({ figures }) => text(figures));
}

/** One text when both modes say the same. */
function both(result: SavedResult, text: (figures: Figures) => string): string {
  return [...new Set(each(result, text))].join(' / ');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---|').join('')}`, ...rows.map(line)];
}
