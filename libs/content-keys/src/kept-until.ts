// How long content can be read: the ends of the periods that its keys are made for. One key for each
// subject and period, so the longer the periods the fewer the keys, and the longer content is there.

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

export interface KeepTempo {
  /** Jobs that somebody waits for. */
  readonly waitedPeriodMs: number;
  readonly asyncPeriodMs: number;
  /** After the deadline: for the last replay of an answer, and for the last of a stream. */
  readonly graceMs: number;
  /** Beside it for a webhook: as long as its schedule of tries. */
  readonly webhookMs: number;
  readonly dayMs: number;
  /** From the end of a period to the destruction of its keys: clocks may differ by as much. */
  readonly skewMs: number;
}

/** `webhookMs`: the schedule is not ours to know. */
export function usualTempo(webhookMs: number): KeepTempo {
  return {
    waitedPeriodMs: 10 * minuteMs, asyncPeriodMs: hourMs, graceMs: 2 * minuteMs, webhookMs, dayMs,
    skewMs: minuteMs,
  };
}

/** For tests: everything that takes minutes and days takes `ms`. */
export function tempoOf(ms: number): KeepTempo {
  return {
    waitedPeriodMs: ms, asyncPeriodMs: ms, graceMs: ms, webhookMs: ms, dayMs: ms, skewMs: ms,
  };
}

export interface WhatIsNeeded {
  readonly isWaitedFor: boolean;
  readonly deadlineAtMs: number;
  readonly hasWebhook: boolean;
}

/** Until every job that can need it is past. */
export function neededUntil(tempo: KeepTempo, needed: WhatIsNeeded): number {
  const { isWaitedFor, deadlineAtMs, hasWebhook } = needed;
  const lastMs = deadlineAtMs + tempo.graceMs + (hasWebhook ? tempo.webhookMs : 0);
  return endOfPeriod(lastMs, isWaitedFor ? tempo.waitedPeriodMs : tempo.asyncPeriodMs);
}

/** Up to a month by the day; longer by 30 days, or a subject of ten years would have 3,650 keys. */
const dailyUpToDays = 31;
const daysOfLongPeriod = 30;

/** At least `days` from now on, and at most a period longer. */
export function keptUntil({ dayMs: day }: KeepTempo, nowMs: number, days: number): number {
  return endOfPeriod(nowMs + days * day, days > dailyUpToDays ? daysOfLongPeriod * day : day);
}

/** In whole seconds, as they stand in names. */
function endOfPeriod(ms: number, periodMs: number): number {
  const endMs = Math.ceil(ms / periodMs) * periodMs;
  return Math.ceil(endMs / 1000) * 1000;
}
