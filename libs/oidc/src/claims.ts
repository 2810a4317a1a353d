// What the claims of a login say: its roles, by name of the claim or by a path into it.

export type Claims = Readonly<Record<string, unknown>>;

/**
 * The values of the roles claim: a list, or a text with spaces between them. A name with dots in it
 * is looked for as it is (`https://example.com/roles`), then as a path (`realm_access.roles`).
 */
export function claimValues(claims: Claims, name: string): readonly string[] {
  const value = Object.hasOwn(claims, name) ? claims[name] : atPath(claims, name.split('.'));
  if (typeof value === 'string') return value.split(' ').filter((part) => part !== '');
  if (!Array.isArray(value)) return [];
  return value.filter((part): part is string => typeof part === 'string');
}

function atPath(claims: Claims, path: readonly string[]): unknown {
  let value: unknown = claims;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return null;
    value = (value as Claims)[part];
  }
  return value;
}
