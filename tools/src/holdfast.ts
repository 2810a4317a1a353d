// The command `holdfast`: parses the command line; each command is a folder of its own.
import { Command } from 'commander';
import { addAdmins } from './admins/admins.command';
import { addAlerts } from './alerts/alerts.command';
import { addApply } from './apply/apply.command';
import { addAuditKey } from './audit-key/audit-key.command';
import { addBudgets } from './budgets/budgets.command';
import { addDoctor } from './doctor/doctor.command';
import { addCustomers, addTeams } from './entities/entities.command';
import { addErase } from './erase/erase.command';
import { addEvents } from './events/events.command';
import { addExport } from './export/export.command';
import { addHealth } from './health/health.command';
import { addHolds } from './holds/holds.command';
import { addInit } from './init/init.command';
import { addJobs } from './jobs/jobs.command';
import { addPrices } from './prices/prices.command';
import { addReplay } from './replay/replay.command';
import { addKeys } from './keys/keys.command';
import { addSuspend } from './keys/suspend.command';
import { addLimits } from './limits/limits.command';
import { describeError } from './shared/failure';
import { addRestore } from './restore/restore.command';
import { addSimulate } from './simulate/simulate.command';
import { addSpend } from './spend/spend.command';
import { addSubmit } from './submit/submit.command';
import { addTail } from './tail/tail.command';
import { addUp } from './up/up.command';
import { addVerify } from './verify/verify.command';

const program = new Command('holdfast')
  .description('An event-sourced broker for LLM work.')
  .showHelpAfterError('(see --help)')
  .configureHelp({ showGlobalOptions: true });

const commands = [
  addUp, addInit, addApply, addSubmit, addJobs, addHealth, addCustomers, addTeams, addKeys, addSuspend,
  addLimits, addBudgets, addHolds, addSpend, addPrices, addAlerts, addEvents, addExport, addTail,
  addReplay, addSimulate, addRestore, addVerify, addErase, addAuditKey, addAdmins, addDoctor,
];
for (const add of commands) {
  add(program);
}

try {
  await program.parseAsync(process.argv);
} catch (error) {
  process.stderr.write(`${describeError(error)}\n`);
  // A connection that still tries would keep this process alive.
  process.exit(1);
}
