// `holdfast up`: everything on one machine.
import { type Command } from 'commander';
import { describeError } from '../shared/failure';
import { withExamples } from '../shared/flags';
import { terminal } from '../shared/terminal';
import { checkConfig, runUp } from '../supervisor/run-up';
import { upOptions, type UpFlags } from '../supervisor/up-options';

export function addUp(program: Command): void {
  const command = program.command('up')
    .description('start everything on this machine and keep it running; Ctrl-C stops it')
    .option('--port <port>', 'port of the API; 0: a free one (HOLDFAST_PORT, default 8080)')
    .option('--host <address>', 'address of the API (HOLDFAST_HOST, default 127.0.0.1)')
    .option('--data-dir <path>', 'where everything is kept (HOLDFAST_DATA_DIR, default .holdfast)')
    .option('--config <file>', 'configuration (HOLDFAST_CONFIG, default holdfast.yaml if there is one)')
    .option('--check', 'only check the configuration')
    .option('--json', 'print one line of JSON when ready');
  withExamples(command, [
    'up', 'up --port 9000 --data-dir /var/lib/holdfast', 'up --check --config team.yaml',
  ]);
  command.addHelpText('after', `
NATS and Postgres are brought along; NATS_URL and DATABASE_URL name others. Providers come from
the configuration, else from the usual key variables (OPENAI_API_KEY, …), else they are simulated.`);
  command.action(async (flags: UpFlags) => {
    const context = {
      options: upOptions(flags, process.env, process.cwd()),
      env: process.env,
      terminal: terminal(flags.json),
      json: flags.json === true,
    };
    if (flags.check === true) return checkConfig(context);
    const code = await runUp(context).then(() => 0, (error: unknown) => {
      context.terminal.progress(describeError(error));
      return 1;
    });
    // Everything it started is gone; nothing that still waits may keep this process alive.
    process.exit(code);
  });
}
