// What commands of administration take besides their own flags.
import { expect, it } from '@jest/globals';
import { Command } from 'commander';
import { addAlerts } from './alerts/alerts.command';
import { addErase } from './erase/erase.command';
import { addEvents } from './events/events.command';
import { addExport } from './export/export.command';
import { addHealth } from './health/health.command';
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
