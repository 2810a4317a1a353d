// A price as it is given in whole 10⁻¹² USD, by programs. What is none would be in the log for ever, and
// stop whoever reckons with it: so it is looked at before.
import { price } from '@libs/events/usage';

const amount = /^\d{1,30}$/;
const amountError = 'write a whole number of 10⁻¹² USD that is not negative, as a text, e.g. "2500000"';

export const exactPrice = price.superRefine((value, context) => {
  const { tiers = [] } = value;
  const look = (rates: object, path: (string | number)[]): void => {
    for (const [name, given] of Object.entries(rates)) {
      if (typeof given !== 'string' || amount.test(given)) continue;
      context.addIssue({ code: 'custom', path: [...path, name], message: amountError });
    }
  };
  look(value, []);
  tiers.forEach((tier, at) => look(tier, ['tiers', at]));
  const rises = tiers.every(({ above_input_tokens: above }, at) =>
    above > (tiers[at - 1]?.above_input_tokens ?? 0));
  if (rises) return;
  context.addIssue({ code: 'custom', path: ['tiers'], message: 'must rise in above_input_tokens' });
});
