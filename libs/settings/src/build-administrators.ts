// The part of building a configuration that is about who may administer.
import { createHash } from 'node:crypto';
import { type DesiredConfig } from '@libs/governance/desired-config';
import type { Building } from './building';
import type { ConfigPath } from './config-problem';
import { secretReference, secretValue } from './config-secret';
import { type AdministratorYaml, buildOidc } from './administrators-shape';
import type { HoldfastYaml } from './holdfast-yaml';

/** The log has its hash, so it must not be found by trying; made ones have 47 letters. */
const tokenLettersMin = 32;
/** The prefix and a little more. */
const hintLetters = 8;

export function buildAdministrators(
  yaml: HoldfastYaml, building: Building,
): Pick<DesiredConfig, 'administrators' | 'oidc'> {
  const { administrators, oidc } = yaml;
  return {
    ...(administrators === undefined ? {} : {
      administrators: administrators.flatMap((one, index) =>
        administratorOf(one, ['administrators', index, 'token'], building)),
    }),
    ...(oidc === undefined ? {} : {
      oidc: buildOidc(oidc, clientSecret(oidc.client_secret, building)),
    }),
  };
}

function administratorOf(
  yaml: AdministratorYaml, path: ConfigPath, building: Building,
): NonNullable<DesiredConfig['administrators']> {
  const { environment, list } = building;
  const suggestedVariable = `${yaml.id.toUpperCase().replace(/[^A-Z0-9]+/g, '_')}_ADMIN_TOKEN`;
  const ref = secretReference({ path, text: yaml.token, suggestedVariable }, environment, list);
  const token = ref === null ? null : secretValue(ref, path, building);
  if (token === null) return [];
  if (token.length < tokenLettersMin) {
    list.add(path, `this token is too short to be safe: at least ${tokenLettersMin} letters`);
    return [];
  }
  return [{
    administrator: yaml.id,
    name: yaml.name ?? null,
    role: yaml.role,
    hash: createHash('sha256').update(token).digest('hex'),
    hint: `${token.slice(0, hintLetters)}…`,
    expires_at_ms: yaml.expires_at === undefined ? null : Date.parse(yaml.expires_at),
  }];
}

function clientSecret(text: string | undefined, building: Building): string | null {
  if (text === undefined) return null;
  const path = ['oidc', 'client_secret'];
  const field = { path, text, suggestedVariable: 'HOLDFAST_OIDC_CLIENT_SECRET' };
  return secretReference(field, building.environment, building.list);
}
