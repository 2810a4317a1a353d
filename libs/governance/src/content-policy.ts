// What is kept of a request's content: of all that is configured for it the strictest, and the
// shortest time.
import { contentPolicies, type ContentPolicy, type ContentRules } from '@libs/events/content-rules';
import { type GovernanceState } from './state';

export interface ContentTreatment {
  readonly policy: ContentPolicy;
  /** null: until it is erased. */
  readonly keepDays: number | null;
  readonly masksSecrets: boolean;
}

const everything: ContentTreatment = { policy: 'full', keepDays: null, masksSecrets: false };

/** `model`: as the client asks for it, which is the name of its route where there is one. */
export function contentTreatment(
  { content, customers, routes }: Pick<GovernanceState, 'content' | 'customers' | 'routes'>,
  tenant: string, model: string,
): ContentTreatment {
  const ofCustomer = customers.get(tenant)?.content;
  const ofRoute = routes.get(model)?.content;
  if (content === null && ofCustomer === undefined && ofRoute === undefined) return everything;
  return [content, ofCustomer, ofRoute].reduce<ContentTreatment>(
    (treatment, rules) => stricter(treatment, rules ?? {}), everything,
  );
}

function stricter(treatment: ContentTreatment, rules: ContentRules): ContentTreatment {
  const { policy = 'full', keep_days: keepDays = null, mask_secrets: masks = false } = rules;
  return {
    policy: rank(policy) > rank(treatment.policy) ? policy : treatment.policy,
    keepDays: shorter(treatment.keepDays, keepDays),
    masksSecrets: treatment.masksSecrets || masks,
  };
}

function rank(policy: ContentPolicy): number {
  return contentPolicies.indexOf(policy);
}

function shorter(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other;
  return Math.min(one, other);
}
