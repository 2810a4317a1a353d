// Lengths of time as people write them.
import { Failure } from './failure';

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** @throws Failure when it is no length of time. */
export function secondsOf(text: string): number {
  const [, amount, unit = 's'] = /^(\d+)([smhd])?$/.exec(text.trim()) ?? [];
  const seconds = unitSeconds[unit];
  if (amount !== undefined && seconds !== undefined) return Number(amount) * seconds;
  throw new Failure(`"${text}" is no length of time; write 90s, 30m, 24h or 7d.`);
}
