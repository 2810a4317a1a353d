// By what events are asked for: the same flags for looking at them and for exporting them.
import { type Command } from 'commander';
import { type AccessFlags } from './access';
import { withAdminAccess } from './flags';

export interface EventFlags extends AccessFlags {
  readonly from?: string;
  readonly to?: string;
  readonly type?: readonly string[];
  readonly subject?: string;
  readonly tenant?: string;
  readonly actor?: string;
  readonly key?: string;
  readonly team?: string;
  readonly model?: string;
  readonly provider?: string;
  readonly outcome?: string;
  readonly metadata?: string;
}

export function withEventFlags(command: Command): Command {
  return withAdminAccess(command
    .option('--from <moment>', 'a time such as 2026-11-01T08:00:00Z, or the sequence of a commit')
    .option('--to <moment>', 'up to this time, or with this commit')
    .option('--type <names...>', 'types of events')
    .option('--subject <id>', 'what they are about, such as a job')
    .option('--tenant <customer>', 'the customer')
    .option('--actor <name>', 'who acted')
    .option('--key <id>', 'the virtual key')
    .option('--team <id>', 'the team')
    .option('--model <name>', 'the model called or asked for')
    .option('--provider <id>', 'the provider')
    .option('--outcome <name>', 'succeeded, failed, canceled, expired, unknown, denied, …')
    .option('--metadata <words>', 'words that the metadata of a request has'));
}

export function filtersOf(flags: EventFlags): Readonly<Record<string, string | readonly string[]>> {
  const {
    from, to, type, subject, tenant, actor, key, team, model, provider, outcome, metadata,
  } = flags;
  const given = {
    from, to, type, subject, tenant, actor, key, team, model, provider, outcome, metadata,
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as
    Record<string, string | readonly string[]>;
}
