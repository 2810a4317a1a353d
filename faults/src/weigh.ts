// All checks over the evidence of one campaign, in their order.
import { checkAnswers } from './checks/answers';
import { checkArchive } from './checks/archive';
import { checkBudgets } from './checks/budgets';
import { checkMoney } from './checks/money';
import { checkOutcomes } from './checks/outcomes';
import { checkRebuilt } from './checks/rebuilt';
import { checkService } from './checks/service';
import { type Verdict } from './checks/verdict';
import { checkWebhooks } from './checks/webhooks';
import { type Evidence } from './evidence/evidence';

export function weigh(evidence: Evidence): readonly Verdict[] {
  return [
    checkOutcomes(evidence),
    checkAnswers(evidence),
    checkMoney(evidence),
    checkBudgets(evidence),
    checkWebhooks(evidence),
    checkArchive(evidence),
    checkRebuilt(evidence),
    checkService(evidence),
  ];
}
