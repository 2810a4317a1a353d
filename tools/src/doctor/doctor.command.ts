// `holdfast doctor`: what works on this machine, what does not, and what to do about it.
import { type Command } from 'commander';
import { type AccessFlags } from '../shared/access';
import { withAccess, withExamples } from '../shared/flags';
import { terminal } from '../shared/terminal';
import { type Finding, checks } from './checks';

const marks: Readonly<Record<Finding['state'], string>> = { ok: 'ok  ', warn: 'note', bad: 'BAD ' };

export function addDoctor(program: Command): void {
  const command = program.command('doctor')
    .description('check this machine, the configuration, and what runs');
  withExamples(withAccess(command), ['doctor', 'doctor --json']);
  command.action(async (flags: AccessFlags & { json?: boolean }) => {
    const findings = (await Promise.all(checks(flags, process.env))).flat();
    const out = terminal(flags.json);
    if (flags.json === true) {
      out.print(JSON.stringify({ ok: findings.every(({ state }) => state !== 'bad'), findings }));
    } else {
      for (const { state, name, detail } of findings) {
        out.print(`${marks[state]}  ${name.padEnd(14)}  ${detail}`);
      }
    }
    if (findings.some(({ state }) => state === 'bad')) process.exitCode = 1;
  });
}
