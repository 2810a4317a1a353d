// `holdfast simulate`: what another routing policy would have made of past traffic.
import path from 'node:path';
import { type Command } from 'commander';
import { stamp } from '@libs/events/envelope';
import { diffConfig } from '@libs/governance/apply-config';
import { evolveGovernance } from '@libs/governance/evolve';
import { usdFromPico } from '@libs/governance/money';
import { type GovernanceState } from '@libs/governance/state';
import { runPolicy } from '@libs/routing/simulate/run-policy';
import { type Environment } from '@libs/settings/environment';
import { readConfigFile } from '@libs/settings/parse-config';
import { rangeOf } from '../replay/range';
import { commitReader } from '../replay/read-commits';
import { type AccessFlags } from '../shared/access';
import { Failure } from '../shared/failure';
import { withAccess, withExamples } from '../shared/flags';
import { openLog } from '../shared/open-log';
import { table } from '../shared/table';
import { terminal } from '../shared/terminal';
import { figuresOfLog, figuresOfRun, type PolicyFigures } from './figures';
import { readTraffic } from './past-traffic';

interface Flags extends AccessFlags {
  readonly config: string;
  readonly from?: string;
  readonly to?: string;
  readonly json?: boolean;
}

export function addSimulate(program: Command): void {
  const command = program.command('simulate')
    .description('run another routing policy over past traffic and compare')
    .requiredOption('--config <file>', 'configuration to try (holdfast.yaml)')
    .option('--from <place>', 'requests from this sequence or time on (2026-11-26T10:00Z)')
    .option('--to <place>', 'requests up to this sequence or time');
  withExamples(withAccess(command), [
    'simulate --config new.yaml', 'simulate --config new.yaml --from 2026-11-26T10:00Z --json',
  ]);
  command.action(async (flags: Flags) => {
    const isWithin = rangeOf(flags);
    const { config } = readConfigFile(path.resolve(flags.config), { environment: standIns(process.env) });
    const connection = await openLog(flags);
    const out = terminal(flags.json);
    try {
      out.progress('reading the log');
      const read = await commitReader(connection.log, process.env['DATABASE_URL']);
      const traffic = await readTraffic(read, isWithin);
      if (traffic.jobs.length === 0) throw new Failure('No request was submitted in this part of the log.');
      out.progress(`${traffic.jobs.length} requests`);
      const present = runPolicy(traffic.governance, traffic.past, traffic.jobs);
      const wanted = configured(traffic.governance, config);
      const tried = runPolicy(wanted, traffic.past, traffic.jobs);
      const rows = [
        figuresOfLog(traffic), figuresOfRun('present policy, simulated', present),
        figuresOfRun(`${path.basename(flags.config)}, simulated`, tried),
      ];
      const unknown = [...tried.unknownTargets.keys()];
      out.print(flags.json === true
        ? JSON.stringify({ rows, targets_without_past: unknown }) : described(rows, unknown));
    } finally {
      await connection.close();
    }
  });
}

/** The state after applying the file as `holdfast apply` would. */
function configured(
  governance: GovernanceState, config: Parameters<typeof diffConfig>[1],
): GovernanceState {
  return diffConfig(governance, config, 0).events.reduce((state, draft, index) =>
    evolveGovernance(state, stamp(draft, `simulated-${index}`, 0), state.sequence + 1), governance);
}

/** No secret is needed to plan: what is not set here is stood in for. */
function standIns(environment: Environment): Environment {
  return new Proxy(environment, {
    get: (given, name) => given[String(name)] ?? `stand-in-for-${String(name)}-0123456789`,
    has: () => true,
  });
}

function described(rows: readonly PolicyFigures[], unknown: readonly string[]): string {
  const text = table([
    ['', 'requests', 'answered', 'p50 ms', 'p99 ms', 'calls per request', 'cost (USD)', 'answered by'],
    ...rows.map((row) => [
      row.name, String(row.requests), `${(row.answered_share * 100).toFixed(2)} %`,
      String(row.p50_ms), String(row.p99_ms), row.calls_per_request.toFixed(2),
      usdFromPico(row.cost_pico_usd),
      Object.entries(row.by_provider).map(([name, share]) => `${name} ${Math.round(share * 100)} %`).join(', '),
    ]),
  ]);
  const notes = [
    'Simulated calls end as calls there ended at the nearest time; compare the simulated rows with each',
    'other, and the first two to see how true the simulation is.',
    ...(unknown.length === 0 ? []
      : [`Nothing is known of ${unknown.join(', ')}: calls there count as failed.`]),
  ];
  return `${text}\n\n${notes.join('\n')}`;
}
