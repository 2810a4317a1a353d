// Starts the load process and hands it its jobs. It stays the same over a run, so that its own
// warming-up falls into no measurement.
import { type ChildProcess, fork } from 'node:child_process';
import { at } from '../root';
import { type LoadAnswer, type LoadJob, type ResultOf } from './jobs';

export interface LoadGenerator {
  readonly pid: number;
  run<Job extends LoadJob>(job: Job): Promise<ResultOf<Job>>;
  stop(): Promise<void>;
}

export function startLoadGenerator(): LoadGenerator {
  const child = fork(at('dist/bench/load.js'), [], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    pid: child.pid ?? 0,
    run: (job) => ask(child, job),
    stop: async () => {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}

function ask<Job extends LoadJob>(child: ChildProcess, job: Job): Promise<ResultOf<Job>> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null): void =>
      reject(new Error(`the load process ended: ${code}`));
    child.once('exit', ended);
    child.once('message', ({ result, error }: LoadAnswer) => {
      child.off('exit', ended);
      if (error === undefined) resolve(result as ResultOf<Job>);
      else reject(new Error(error));
    });
    child.send(job);
  });
}
