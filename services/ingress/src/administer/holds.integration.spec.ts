// What administration says about holds before anything is decided: wrong bodies, holds that are not there.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type SpecIngress, specAdminToken, startForSpecs } from '../start-for-specs';

let spec: SpecIngress;
beforeEach(async () => {
  spec = await startForSpecs();
});
afterEach(async () => {
  await spec.stop();
});

async function close(body: unknown, token = specAdminToken): Promise<{ status: number; code: string; message: string }> {
  const answer = await fetch(`${spec.url}/admin/v1/holds/job_x/unknown:1`, {
    method: 'POST', headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const { error } = await answer.json() as { error: { code: string; message: string } };
  return { status: answer.status, ...error };
}

describe('a hold', () => {
  it('is closed with the admin token only', async () => {
    expect((await close({ action: 'write_off', reason: 'x' }, 'other')).status).toBe(401);
  });

  it.each([
    [{ action: 'write_off' }, 'reason'],
    [{ action: 'write_off', reason: ' ' }, 'reason: say why'],
    [{ action: 'write_off', reason: 'x', cost_usd: 1 }, 'cost_usd'],
    [{ action: 'forget', reason: 'x' }, 'action'],
    [{ action: 'settle', reason: 'x' }, 'needs cost_usd, or usage'],
    [{ action: 'settle', reason: 'x', cost_usd: -1 }, 'cost_usd: write an amount in USD'],
    [{ action: 'settle', reason: 'x', cost_usd: '5 EUR' }, 'cost_usd: write an amount in USD'],
    [{ action: 'settle', reason: 'x', cost_usd: '1', usage: { input_tokens: 1, output_tokens: 1 } }, 'needs cost_usd, or usage'],
    [{ action: 'settle', reason: 'x', usage: { input_tokens: 1.5, output_tokens: 1 } }, 'usage.input_tokens'],
  ])('is not closed by %j', async (body, message) => {
    const answer = await close(body);
    expect(answer.status).toBe(400);
    expect(answer.message).toContain(message);
  });

  it('of a job that nobody knows is a 404, and nothing is asked in the log', async () => {
    const answer = await close({ action: 'settle', reason: 'bill', cost_usd: '0.01' });
    expect(answer).toMatchObject({ status: 404, code: 'hold_not_found' });
    expect(spec.system.events.filter(({ type }) => type === 'HoldReconcileRequested')).toEqual([]);
  });
});
