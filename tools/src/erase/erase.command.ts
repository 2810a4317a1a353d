// `holdfast erase`: makes everything unreadable that is kept of one data subject.
import { type Command } from 'commander';
import { type AccessFlags, adminAccess } from '../shared/access';
import { callApiOk } from '../shared/api-client';
import { Failure } from '../shared/failure';
import { withAdminAccess, withExamples } from '../shared/flags';
import { terminal } from '../shared/terminal';

interface Flags extends AccessFlags {
  readonly subject: string;
  readonly tenant: string;
  readonly reason?: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

interface Erasure {
  readonly id: string | null;
  readonly data_subject: string;
  readonly keys: readonly string[];
  readonly jobs: number | null;
  readonly status: 'dry_run' | 'requested' | 'erased';
}

export function addErase(program: Command): void {
  const command = withAdminAccess(program.command('erase')
    .description('make unreadable, for ever, all content that is kept of one data subject')
    .requiredOption('--subject <id>', 'as requests name it (holdfast-subject, user, metadata.user_id)')
    .option('--tenant <id>', 'the customer whose data subject it is', 'default')
    .option('--reason <text>', 'why; kept for ever in the log, so let it name nobody')
    .option('--dry-run', 'only say what would be erased')
    .option('--yes', 'do it: there is no way back'));
  withExamples(command, [
    'erase --subject ada@example.org --dry-run',
    'erase --subject 4711 --tenant acme --reason "request of the data subject" --yes',
  ]);
  command.action(async (flags: Flags) => {
    const { url, token } = await adminAccess(flags, process.env);
    const dry = flags.dryRun === true;
    if (!dry && flags.reason === undefined) throw new Failure('Say why: --reason "…".');
    if (!dry && flags.yes !== true) {
      throw new Failure('Nothing was erased. Look with --dry-run; erase with --yes, for which there is '
        + 'no way back.');
    }
    const { body } = await callApiOk({ url, key: token }, {
      method: 'POST', path: '/admin/v1/erasures',
      body: {
        subject: flags.subject, customer: flags.tenant, reason: flags.reason ?? 'dry run', dry_run: dry,
      },
    });
    const erasure = body as Erasure;
    terminal(flags.json).print(flags.json === true ? JSON.stringify(erasure) : described(erasure));
  });
}

function described({ id, data_subject: name, keys, jobs, status }: Erasure): string {
  const known = jobs === null ? 'The archive cannot say of how many jobs' : `The archive has ${jobs} jobs`;
  const about = `${known}. Name in the log: ${name}.`;
  if (keys.length === 0) return `There is no key of this data subject, so nothing to read. ${about}`;
  switch (status) {
    case 'dry_run': return `Would destroy ${keys.length} key(s). ${about}`;
    case 'requested': return `Erasure ${id ?? ''} is in the log and will be carried out. ${about}`;
    case 'erased': return `Erasure ${id ?? ''}: ${keys.length} key(s) destroyed. ${about}`;
  }
}
