// `holdfast apply`: brings a running Holdfast to what a configuration file says.
import path from 'node:path';
import { type Command } from 'commander';
import { readConfigFile } from '@libs/settings/parse-config';
import { adminAccess, type AccessFlags } from '../shared/access';
import { withAdminAccess, withExamples } from '../shared/flags';
import { terminal } from '../shared/terminal';
import { applyConfig, describeChanges } from '../supervisor/admin-client';

interface Flags extends AccessFlags {
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export function addApply(program: Command): void {
  const command = program.command('apply')
    .description('apply a configuration file; what came from the file before and is gone, goes')
    .argument('[file]', 'configuration file', 'holdfast.yaml')
    .option('--dry-run', 'only say what would change');
  withExamples(withAdminAccess(command), ['apply', 'apply team.yaml --dry-run --json']);
  command.action(async (file: string, flags: Flags) => {
    const { config } = readConfigFile(path.resolve(file));
    const result = await applyConfig(
      await adminAccess(flags, process.env), config, { dryRun: flags.dryRun === true });
    const out = terminal(flags.json);
    if (flags.json === true) { out.print(JSON.stringify(result)); return; }
    const lines = describeChanges(result);
    out.print(lines.length === 0 ? 'nothing to change' : lines.join('\n'));
  });
}
