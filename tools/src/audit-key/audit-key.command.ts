// `holdfast audit-key`: the public keys that checkpoints are verified with, and a new key to sign them.
import { access } from 'node:fs/promises';
import path from 'node:path';
import { type Command } from 'commander';
import { type NoteKey, noteKeyText } from '@libs/audit-tree/signed-note';
import {
  keyFileName, publicKeysFileName, readPublicKeys, rotateSigningKey, signingKeysNow,
} from '@libs/checkpoints/signing-key';
import { type AccessFlags, dirOf } from '../shared/access';
import { Failure } from '../shared/failure';
import { withExamples } from '../shared/flags';
import { terminal } from '../shared/terminal';

interface Flags extends AccessFlags {
  readonly overlapDays?: string;
  readonly json?: boolean;
}

const overlapDefaultDays = 7;
const dayMs = 86_400_000;

export function addAuditKey(program: Command): void {
  const command = program.command('audit-key')
    .description('the public keys of this log\'s checkpoints: who has one can check a bundle')
    .option('--data-dir <path>', 'data directory of `holdfast up` (HOLDFAST_DATA_DIR)')
    .option('--json', 'print JSON');
  command.action(show);
  const rotating = command.command('rotate')
    .description('make a new key; the present one signs beside it for a while. No restart is needed')
    .option('--overlap-days <days>', `how long both sign (${overlapDefaultDays})`)
    .option('--data-dir <path>', 'data directory of `holdfast up` (HOLDFAST_DATA_DIR)')
    .option('--json', 'print JSON');
  rotating.action(async (_flags: Flags, self: Command) => rotate(self.optsWithGlobals()));
  withExamples(command, ['audit-key', 'audit-key rotate --overlap-days 30']);
}

async function show(flags: Flags): Promise<void> {
  const { secrets } = dirOf(flags, process.env);
  const all = await keysOf(secrets);
  const [first] = all;
  const { key, former } = await signingKeysNow(secrets, first.name, Date.now());
  const signs = new Set([key, ...former].map(({ id }) => id));
  const keys = all.map((one) => ({
    public_key: noteKeyText(one),
    state: one.id === key.id ? 'signs' : signs.has(one.id) ? 'signs beside it' : 'former',
  }));
  terminal(flags.json).print(flags.json === true ? JSON.stringify(keys)
    : keys.map((one) => `${one.public_key}  ${one.state}`).join('\n'));
}

/** @throws Failure where no key is kept that signs: looking for it would make one. */
async function keysOf(secrets: string): Promise<readonly [NoteKey, ...NoteKey[]]> {
  const [first, ...others] = await readPublicKeys(path.join(secrets, publicKeysFileName));
  if (first === undefined) throw new Failure(`There is no key in ${secrets} yet: audit makes it when it starts.`);
  const isKept = await access(path.join(secrets, keyFileName)).then(() => true, () => false);
  if (isKept) return [first, ...others];
  throw new Failure(`${secrets} has public keys and no ${keyFileName}: audit was given a key of your own `
    + '(HOLDFAST_AUDIT_KEY). To exchange it, name both files there and restart audit.');
}

async function rotate(flags: Flags): Promise<void> {
  const { secrets } = dirOf(flags, process.env);
  const days = Number(flags.overlapDays ?? overlapDefaultDays);
  if (!Number.isFinite(days) || days < 0 || days > 3_650) {
    throw new Failure(`"${flags.overlapDays ?? ''}" is no number of days from 0 to 3650.`);
  }
  const [first] = await keysOf(secrets);
  const until = new Date(Date.now() + days * dayMs);
  const { key, former } = await rotateSigningKey(secrets, first.name, until.getTime());
  const out = terminal(flags.json);
  if (flags.json === true) {
    out.print(JSON.stringify({
      public_key: noteKeyText(key), former: noteKeyText(former), former_until: until.toISOString(),
    }));
    return;
  }
  out.print(`The next checkpoint is signed by   ${noteKeyText(key)}\n`
    + `and until ${until.toISOString()} by ${noteKeyText(former)}, too.\n`
    + 'Give the new public key to everybody who verifies; what the former one signed stays valid.');
}
