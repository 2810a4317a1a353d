import { describe, expect, it } from '@jest/globals';
import { type SpendLine } from '@libs/postgres/spend-reads';
import { eventsQuery, exportBody } from './events-query';
import { spendCsv, spendJson, spendQuery, spendQuestion } from './spend-query';

const nowMs = Date.parse('2026-11-26T12:00:00Z');
const line: SpendLine = {
  by: ['=cmd()', 'x,y'], picoUsd: '1234567890123456789', inputTokens: '10', outputTokens: '5',
  cachedTokens: '0', requests: '2', failed: '1', calls: '3', unknown: '0',
};
const asked = (query: object): ReturnType<typeof spendQuestion> =>
  spendQuestion(spendQuery.parse(query), nowMs);
const why = (schema: { safeParse: (value: unknown) => { error?: { issues: { message: string }[] } } }, value: object): string =>
  schema.safeParse(value).error?.issues[0]?.message ?? 'taken';

describe('a report of the spend', () => {
  it('is of this month up to today, by customer, unless asked otherwise', () => {
    expect(asked({})).toMatchObject({ from: '2026-11-01', to: '2026-11-26', groupBy: ['customer'], metadata: [] });
    expect(asked({ to: '2026-02-10' })).toMatchObject({ from: '2026-02-01', to: '2026-02-10' });
  });

  it('has its columns in the order asked for, money as exact decimals', () => {
    const question = asked({ group_by: 'metadata.purpose,customer' });
    const report = { lines: [{ ...line, by: ['acme', 'close'] }], isCut: false };
    expect(spendJson(question, report)).toMatchObject({
      data: [{ 'metadata.purpose': 'close', customer: 'acme', cost_usd: '1234567.890123456789', requests: 2 }],
    });
  });

  it('is CSV that a spreadsheet does not evaluate', () => {
    const text = spendCsv(asked({ group_by: 'customer,metadata.note' }), { lines: [line], isCut: false });
    expect(text).toBe('customer,metadata.note,cost_usd,input_tokens,output_tokens,cached_input_tokens,'
      + 'requests,failed,calls,unknown\r\n\'=cmd(),"x,y",1234567.890123456789,10,5,0,2,1,3,0\r\n');
  });

  it.each([
    [{ from: '2026-02-30' }, /takes a day/], [{ from: 'yesterday' }, /takes a day/],
    [{ from: '2026-02-02', to: '2026-02-01' }, /is before "from"/],
    [{ group_by: 'customer,colour' }, /cannot group by "colour"/], [{ group_by: 'metadata.' }, /cannot group by/],
    [{ format: 'xlsx' }, /Invalid option/], [{ grup_by: 'x' }, /Unrecognized key/],
  ])('refuses what it cannot mean: %j', (query, message) => {
    expect(why(spendQuery, query)).toMatch(message);
  });
});

describe('a question about events', () => {
  it('takes times and commits, and several types', () => {
    const query = eventsQuery.parse({ from: '2026-11-01', to: '900', type: ['JobFailed', 'KeyCreated'] });
    expect(query).toMatchObject({
      from: { timeMs: Date.parse('2026-11-01') }, to: { sequence: 900 }, type: ['JobFailed', 'KeyCreated'],
      limit: 50, order: 'newest',
    });
  });

  it.each([
    [{ type: 'JobTeleported' }, /no event type "JobTeleported"/], [{ from: 'soon' }, /takes a time/],
    [{ from: '2026-13-01' }, /takes a time/], [{ from: '9', to: '3' }, /is before "from"/],
    [{ limit: 501 }, /<=500/], [{ limit: 'x' }, /NaN/], [{ after: 'x' }, /takes the "next"/],
    [{ subjekt: 'x' }, /Unrecognized key/], [{ order: 'up' }, /Invalid option/],
  ])('refuses what it cannot mean: %j', (query, message) => {
    expect(why(eventsQuery, query)).toMatch(message);
  });

  it('exports facts, no prompts and answers', () => {
    expect(exportBody.parse({ filters: { from: 7 } })).toMatchObject({ filters: { from: { sequence: 7 } }, format: 'ndjson' });
    expect(why(exportBody, { content: true })).toMatch(/facts only/);
    expect(why(exportBody, { format: 'pdf' })).toMatch(/Invalid option/);
  });
});
