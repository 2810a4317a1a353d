// Who calls during a campaign: one customer in each of the four partitions, with a key of its own.

export interface Tenant {
  readonly customer: string;
  readonly keyId: string;
  readonly key: string;
}

export const tenants: readonly Tenant[] = ['cyberdyne', 'initech', 'globex', 'acme']
  .map((customer) => ({
    customer, keyId: `${customer}-app`, key: `hf-campaign-${customer}-000000000000`,
  }));

/** A virtual key with money for a dozen calls; each is spent once, by callers who come together. */
export interface PoorKey extends Tenant {
  readonly name: string;
}

const poorKeysEach = 6;

/** In turn of each tenant. */
export const poorKeys: readonly PoorKey[] = Array.from({ length: poorKeysEach }, (_, number) =>
  tenants.map(({ customer }) => ({
    name: `${customer}${number}`, customer, keyId: `${customer}-poor-${number}`,
    key: `hf-campaign-${customer}-poor-${number}-000000`,
  }))).flat();

export function tenantAt(index: number): Tenant {
  const tenant = tenants[index % tenants.length];
  if (tenant === undefined) throw new Error(`there is no tenant ${index}`);
  return tenant;
}

export function tenantOf(customer: string): Tenant {
  const tenant = tenants.find((one) => one.customer === customer);
  if (tenant === undefined) throw new Error(`there is no tenant ${customer}`);
  return tenant;
}
