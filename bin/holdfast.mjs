#!/usr/bin/env node
// The CLI. Builds first where there is no build; later changes of the sources need `npm run build`.
import { existsSync } from 'node:fs';
import { fail, prepare } from '../scripts/prepare.mjs';

try {
  if (!existsSync(new URL('../dist/tools/holdfast.js', import.meta.url))) await prepare();
  await import('../dist/tools/holdfast.js');
} catch (error) {
  fail(error);
}
