// `holdfast export`: events as a file. The file has its name once it is complete, and not before.
import { access as mayBeWritten, constants } from 'node:fs/promises';
import path from 'node:path';
import { type Command } from 'commander';
import { setTimeout as sleep } from 'node:timers/promises';
import { adminAccess, type Access } from '../shared/access';
import { callApiOk } from '../shared/api-client';
import { type EventFlags, filtersOf, withEventFlags } from '../shared/event-flags';
import { Failure } from '../shared/failure';
import { withAdminAccess, withExamples } from '../shared/flags';
import { terminal, type Terminal } from '../shared/terminal';
import { downloadTo } from './download';

interface Flags extends EventFlags {
  readonly format: string;
  readonly out: string;
  readonly json?: boolean;
}

interface ExportView {
  readonly id: string;
  readonly state: 'running' | 'done' | 'failed';
  readonly percent: number;
  readonly events: number;
  readonly bytes: number;
  readonly failure: string | null;
}

const pollMs = 500;

export function addExport(program: Command): void {
  const command = withEventFlags(program.command('export')
    .description('write events of the log to a file'))
    .requiredOption('--out <file>', 'where to')
    .option('--format <format>', 'ndjson, csv, or bundle: with proofs, for `holdfast verify --bundle`', 'ndjson');
  withExamples(withAdminAccess(command), [
    'export --from 2026-11-01 --to 2026-12-01 --out november.ndjson',
    'export --type AdminActed --format csv --out acts.csv',
    'export --tenant acme --format bundle --out acme.bundle',
  ]);
  command.action(async (flags: Flags) => {
    await checkFolder(flags.out);
    const { url, token } = await adminAccess(flags, process.env);
    const access = { url, key: token };
    const out = terminal(flags.json);
    const done = await finished(access, await started(access, flags), out);
    await downloadTo(access, `/audit/v1/exports/${done.id}/download`, {
      file: flags.out, bytes: done.bytes,
    });
    const { id, events, bytes } = done;
    out.print(flags.json === true ? JSON.stringify({ id, events, bytes, file: flags.out })
      : `${events} events, ${bytes} bytes in ${flags.out}`);
  });
}

/** Before anything is made that nobody could keep. @throws Failure */
async function checkFolder(file: string): Promise<void> {
  const folder = path.dirname(path.resolve(file));
  const isWritable = await mayBeWritten(folder, constants.W_OK).then(() => true, () => false);
  if (!isWritable) throw new Failure(`Nothing can be written to ${folder} (--out).`);
}

async function started(access: Access, flags: Flags): Promise<ExportView> {
  const { body } = await callApiOk(access, {
    path: '/audit/v1/exports', method: 'POST',
    body: { format: flags.format, filters: filtersOf(flags) },
  });
  return body as ExportView;
}

async function finished(access: Access, begun: ExportView, out: Terminal): Promise<ExportView> {
  let view = begun;
  for (let shown = -1; view.state === 'running';) {
    if (view.percent !== shown) out.progress(`${view.percent} %, ${view.events} events`);
    shown = view.percent;
    await sleep(pollMs);
    view = (await callApiOk(access, { path: `/audit/v1/exports/${view.id}` })).body as ExportView;
  }
  if (view.state === 'failed') throw new Failure(`The export failed: ${view.failure ?? 'unknown'}`);
  return view;
}
