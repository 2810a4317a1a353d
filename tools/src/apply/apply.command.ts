// `holdfast apply`: brings a running Holdfast to what a configuration file says, after showing what
// that changes.
import path from 'node:path';
import { type Command } from 'commander';
import { type DesiredConfig } from '@libs/governance/desired-config';
import { readConfigFile } from '@libs/settings/parse-config';
import { adminAccess, type AccessFlags } from '../shared/access';
import { withAdminAccess, withExamples } from '../shared/flags';
import { terminal, type Terminal } from '../shared/terminal';
import {
  type AdminAccess, applyConfig, type ApplyResult, ChangedMeanwhile,
} from '../supervisor/admin-client';
import { describeChanges } from '../supervisor/describe-changes';

interface Flags extends AccessFlags {
  readonly dryRun?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

export function addApply(program: Command): void {
  const command = program.command('apply')
    .description('apply a configuration file; what came from the file before and is gone, goes')
    .argument('[file]', 'configuration file', 'holdfast.yaml')
    .option('--dry-run', 'only show what would change')
    .option('--force', 'also when it takes something from keys that are in use');
  withExamples(withAdminAccess(command), [
    'apply', 'apply team.yaml --dry-run --json', 'apply team.yaml --force',
  ]);
  command.action(async (file: string, flags: Flags) => {
    const { config } = readConfigFile(path.resolve(file));
    const access = await adminAccess(flags, process.env);
    const out = terminal(flags.json);
    const namesNone = config.providers.length === 0;
    // What runs has them from elsewhere: `holdfast up` from its environment, which is not known here.
    if (namesNone) out.progress(`${file} names no providers: those that are there stay`);
    const desired: DesiredConfig = namesNone ? { ...config, names_providers: false } : config;
    const result = await showAndApply(access, desired, { flags, out });
    if (flags.json === true) out.print(JSON.stringify(result));
  });
}

/** Somebody else writes between showing and applying: then it is shown again. */
const triesMax = 5;

async function showAndApply(
  access: AdminAccess, config: DesiredConfig,
  { flags, out }: { readonly flags: Flags; readonly out: Terminal },
): Promise<ApplyResult> {
  for (let tries = 1; ; tries += 1) {
    const seen = await applyConfig(access, config, { dryRun: true });
    if (flags.json !== true) {
      const lines = describeChanges(seen);
      out.print(lines.length === 0 ? 'nothing to change' : lines.join('\n'));
    }
    if (flags.dryRun === true || seen.changes.length === 0) return seen;
    try {
      return await applyConfig(access, config, {
        force: flags.force === true,
        ...(typeof seen.sequence === 'number' ? { ifSequence: seen.sequence } : {}),
      });
    } catch (error) {
      if (!(error instanceof ChangedMeanwhile) || tries === triesMax) throw error;
      out.progress('somebody else changed the configuration meanwhile; looking again');
    }
  }
}
