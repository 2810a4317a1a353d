// The simulator as a process: flags in, one line of JSON with its URL out when it listens.
import { parseFlags, usage } from './flags';
import { startProviderSim } from './start';

try {
  const options = parseFlags(process.argv.slice(2));
  if (options === 'help') process.stdout.write(usage);
  else await run(options);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

async function run(options: Parameters<typeof startProviderSim>[0]): Promise<void> {
  const sim = await startProviderSim(options);
  const stop = (): void => {
    process.off('SIGTERM', stop);
    process.off('SIGINT', stop);
    void sim.close();
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.stdout.write(`${JSON.stringify({ ready: true, url: sim.url, pid: process.pid })}\n`);
}
