// How far a run is, and how much longer it will take.

export interface Progress {
  next(): void;
  text(): string;
}

export function progressOf(total: number): Progress {
  const startedMs = performance.now();
  let begun = 0;
  return {
    next: () => { begun += 1; },
    text: () => {
      const perStepMs = (performance.now() - startedMs) / begun;
      return `[${begun}/${total}, ${durationText(((total - begun) * perStepMs) / 1_000)} left]`;
    },
  };
}

export function durationText(seconds: number): string {
  return seconds < 90 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
}
