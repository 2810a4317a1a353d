// Flags that several commands share, with one wording.
import { type Command } from 'commander';

export function withAccess(command: Command): Command {
  return command
    .option('--url <url>', 'base URL of the API (HOLDFAST_URL; else the one of the data directory)')
    .option('--key <key>', 'virtual key (HOLDFAST_KEY; else the first one of the data directory)')
    .option('--data-dir <path>', 'data directory of `holdfast up` (HOLDFAST_DATA_DIR)')
    .option('--json', 'print JSON');
}

export function withAdminAccess(command: Command): Command {
  return command
    .option('--url <url>', 'base URL of the API (HOLDFAST_URL; else the one of the data directory)')
    .option('--token <token>', 'token of an administrator (HOLDFAST_ADMIN_TOKEN; else the one of '
      + 'the data directory); env:NAME and file:/path are read')
    .option('--data-dir <path>', 'data directory of `holdfast up` (HOLDFAST_DATA_DIR)')
    .option('--json', 'print JSON');
}

export function withExamples(command: Command, examples: readonly string[]): Command {
  const lines = examples.map((example) => `  $ holdfast ${example}`);
  return command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`);
}

/** For an option that may be repeated. */
export function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}
