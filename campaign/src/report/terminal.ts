// A line per run for who watches.
import { type Figures } from '../figures/figures';
import { millisecondsText, percentText, secondsText, shareText, signedText } from './text';

export function figureLine(mode: string, figures: Figures): string {
  const {
    requests, p50Ms, p99Ms, addedP50Ms, addedP99Ms, badShare, badAfterDetection, detectS, returnS,
    answeredAgainS, unanswered, shares, usd,
  } = figures;
  const reasons = Object.entries(unanswered).map(([reason, count]) => `${count} ${reason}`);
  return [
    `  ${mode.padEnd(9)}${requests} requests, ${shareText(figures)} answered`,
    `p50/p99 ${millisecondsText(p50Ms)}/${millisecondsText(p99Ms)} ms `
    + `(in trouble ${signedText(addedP50Ms)}/${signedText(addedP99Ms)})`,
    `bad asked first ${percentText(badShare)}, after detection ${percentText(badAfterDetection)}`,
    `detected ${secondsText(detectS, 'never')} s, returned ${secondsText(returnS, 'not')} s, `
    + `all answered ${secondsText(answeredAgainS, '–')} s after`,
    `first ${Object.entries(shares).map(([name, share]) => `${name} ${percentText(share)}`).join(' ')}`,
    `${usd.toFixed(4)} USD`,
    ...reasons.length > 0 ? [`not answered: ${reasons.join('; ')}`] : [],
  ].join('; ');
}
