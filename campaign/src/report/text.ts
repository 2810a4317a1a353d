// Figures as people read them.
import { type Figures } from '../figures/figures';

export function shareText({ answered, requests }: Pick<Figures, 'answered' | 'requests'>): string {
  if (answered === requests) return '100 %';
  // Never rounded up to what was not reached.
  return `${(Math.floor((answered / requests) * 1_000_00) / 1_000).toFixed(3)} %`;
}

export function percentText(share: number | null): string {
  return share === null ? '–' : `${(share * 100).toFixed(1)} %`;
}

export function millisecondsText(ms: number | null): string {
  return ms === null ? '–' : String(ms);
}

export function signedText(ms: number | null): string {
  if (ms === null) return '–';
  return ms > 0 ? `+${ms}` : String(ms).replace('-', '−');
}

export function secondsText(seconds: number | null, otherwise: string): string {
  return seconds === null ? otherwise : String(seconds);
}
