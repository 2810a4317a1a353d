#!/usr/bin/env node
// The CLI. Builds first where there is no build; later changes of the sources need `npm run build`.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fail, prepare } from '../scripts/prepare.mjs';

try {
  const program = fileURLToPath(new URL('../dist/tools/holdfast.js', import.meta.url));
  if (!existsSync(program)) await prepare();
  process.argv[1] = program;
  await import(program);
} catch (error) {
  fail(error);
}
