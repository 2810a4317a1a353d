// What must come out of a scenario, as functions from the figures of both modes to findings. The
// first mode is the one that something is expected of.
import { type Figures } from '../figures/figures';

type Expectation = (first: Figures, second: Figures) => readonly string[];

export function together(...all: readonly Expectation[]): Expectation {
  return (first, second) => all.flatMap((one) => one(first, second));
}

/** Of the requests are answered, completely. */
export function atLeast(share: number): Expectation {
  return ({ answered, requests }) => (answered >= requests * share ? []
    : [`${answered} of ${requests} were answered, at least ${share * 100} % are expected`]);
}

/** Detected within so many seconds, and hardly asked first any more while it is bad. */
export function detected(withinS: number, badShareMax: number): Expectation {
  return ({ detectS, badAfterDetection }) => {
    if (detectS === null || detectS > withinS) {
      return [`detected ${detectS === null ? 'never' : `after ${detectS} s`}, not within ${withinS} s`];
    }
    const share = badAfterDetection ?? 0;
    return share < badShareMax ? [] : [
      `${(share * 100).toFixed(1)} % of first attempts went to it after that, `
      + `less than ${badShareMax * 100} % are expected`,
    ];
  };
}

/** Half its share comes back before the traffic ends. */
export function returned(): Expectation {
  return ({ returnS }) => (returnS === null ? ['it did not get half its share back'] : []);
}

/** Half of its requests are answered as soon as in the second mode. */
export const noSlower: Expectation = ({ p50Ms }, { p50Ms: otherMs }) => (
  p50Ms !== null && otherMs !== null && p50Ms <= otherMs ? []
    : [`p50 is ${p50Ms ?? '–'} ms, ${otherMs ?? '–'} ms in the other mode`]);
