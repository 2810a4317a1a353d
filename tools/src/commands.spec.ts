// What commands of administration take besides their own flags.
import { expect, it } from '@jest/globals';
import { Command } from 'commander';
import { addAlerts } from './alerts/alerts.command';
import { addBudgets } from './budgets/budgets.command';
import { addCustomers, addTeams } from './entities/entities.command';
import { addErase } from './erase/erase.command';
import { addEvents } from './events/events.command';
import { addExport } from './export/export.command';
import { addHealth } from './health/health.command';
import { addLimits } from './limits/limits.command';
import { addPrices } from './prices/prices.command';
import { addReplay } from './replay/replay.command';
import { addSpend } from './spend/spend.command';

it.each([addAlerts, addErase, addEvents, addExport, addHealth, addReplay, addSpend])(
  '%p takes the token of an administrator, as its refusal without one says', (add) => {
    const program = new Command();
    add(program);
    const flags = program.commands[0]!.options.map(({ long }) => long);
    expect(flags).toEqual(expect.arrayContaining(['--url', '--token', '--data-dir', '--json']));
    expect(new Set(flags).size).toBe(flags.length);
  });

it.each([addCustomers, addTeams, addLimits, addPrices, addBudgets])(
  '%p and what is below it take the token of an administrator and show examples', (add) => {
    const program = new Command();
    let help = '';
    program.configureOutput({ writeOut: (text) => { help += text; } });
    add(program);
    for (const command of program.commands[0]!.commands) {
      help = '';
      command.outputHelp();
      expect(help).toMatch(/--token <token>[^]*\n\nExamples:\n {2}\$ holdfast /);
    }
    help = '';
    program.commands[0]!.outputHelp();
    expect(help).toContain('\nExamples:\n');
  });
