// The process that makes the load: does one job at a time, and does nothing else.
import { type LoadAnswer, type LoadJob, type LoadResults } from './jobs';
import { runClosedLoop } from './closed-loop';
import { runPaced } from './paced';
import { runStreams } from './streams';
import { runSubmissions } from './submissions';

process.on('message', (job: LoadJob) => {
  const tell = (answer: LoadAnswer): void => {
    process.send?.(answer);
  };
  run(job).then(
    (result) => tell({ result }),
    (error: unknown) => tell({ error: error instanceof Error ? error.stack ?? '' : String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));

function run(job: LoadJob): Promise<LoadResults[LoadJob['kind']]> {
  switch (job.kind) {
    case 'closed': return runClosedLoop(job);
    case 'paced': return runPaced(job);
    case 'streams': return runStreams(job);
    case 'jobs': return runSubmissions(job);
  }
}
