// Every planted defect still fits the product as it is built: one that does not would only be found
// out when somebody runs it.
import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { patched } from './plant';
import { mutations } from './table';

test.each(mutations.map((mutation) => [mutation.name, mutation] as const))(
  '%s can be planted', async (name, { patches }) => {
    for (const patch of patches) {
      for (const service of patch.services) {
        const source = await readFile(`dist/services/${service}/main.js`, 'utf8');
        expect(patched(source, patch, `${name} in ${service}: matches`)).not.toBe(source);
      }
    }
  },
);
