// How far a rebuild of the read models is, as `ask.audit` tells it.

export interface RebuildProgress {
  readonly phase: 'idle' | 'running' | 'done' | 'failed';
  readonly done_commits: number;
  readonly total_commits: number;
  readonly identical: boolean | null;
  readonly differences: readonly string[];
  readonly seconds: number;
}

export const idleProgress: RebuildProgress = {
  phase: 'idle', done_commits: 0, total_commits: 0, identical: null, differences: [], seconds: 0,
};
