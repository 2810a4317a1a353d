import { describe, expect, it, test } from '@jest/globals';
import { seededRandom } from '@libs/test-kit/seeded-random';
import { maskJson, maskText } from './mask-json';

const letters = (count: number): string => 'aB3dE6gH9jK2mN5pQ8sT1vW4yZ7'.repeat(20).slice(0, count);
const all = (text: string): string => maskText(text, 'all').text;
const secrets = (text: string): string => maskText(text, 'secrets').text;

describe('secrets', () => {
  test.each([
    ['OpenAI', `sk-proj-${letters(60)}`], ['Anthropic', `sk-ant-api03-${letters(90)}`],
    ['Google', `AIza${letters(35)}`], ['Groq', `gsk_${letters(52)}`], ['xAI', `xai-${letters(80)}`],
    ['AWS', 'AKIAIOSFODNN7EXAMPLE'], ['GitHub', `ghp_${letters(36)}`], ['GitLab', `glpat-${letters(20)}`],
    ['Slack', 'xoxb-123456789012-abcdefghijkl'], ['Stripe', `sk_live_${letters(24)}`],
    ['ours', `hf-${letters(32)}`], ['ours with an underscore', `hf_${letters(40)}`],
    ['a JWT', `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.${letters(43)}`],
  ])('%s: a key is masked as a whole, and nothing around it', (_whose, key) => {
    expect(secrets(`use ${key}, please`)).toBe('use [secret], please');
    expect(secrets(`{"key":"${key}"}`)).toBe('{"key":"[secret]"}');
  });

  it('a bearer token and a password in a URL go, and what is around them stays', () => {
    expect(secrets(`Authorization: Bearer ${letters(30)}`)).toBe('Authorization: Bearer [secret]');
    expect(secrets('postgres://app:hunter2@db.example:5432/x'))
      .toBe('postgres://app:[secret]@db.example:5432/x');
    const aws = `aws_secret_access_key = ${letters(40)}`;
    expect(secrets(aws)).toBe('aws_secret_access_key = [secret]');
  });

  it('a private key goes from its begin to its end, escaped or not, cut off or not', () => {
    const key = (line: string, end = true): string => ['-----BEGIN RSA PRIVATE KEY-----', letters(64),
      letters(64), ...(end ? ['-----END RSA PRIVATE KEY-----'] : [])].join(line);
    expect(secrets(`a ${key('\n')} b`)).toBe('a [secret] b');
    expect(secrets(`a ${key('\\n')} b`)).toBe('a [secret] b');
    expect(secrets(`${key('\n')}\nand\n${key('\n')}`)).toBe('[secret]\nand\n[secret]');
    expect(secrets(`a ${key('\n', false)}`)).toBe('a [secret]');
    expect(secrets('-----BEGIN PUBLIC KEY-----')).toBe('-----BEGIN PUBLIC KEY-----');
  });

  it('what only begins like one stays', () => {
    for (const text of [
      'risk-averse task-oriented disk-based-storage-and-more', 'sk-short', 'hf-inference', 'a bearer of bad news',
      'https://example.org:8080/a@b', 'eyJhbGciOiJIUzI1NiJ9', 'mailto: ada@example.org',
    ]) expect(secrets(text)).toBe(text);
  });
});

describe('personal data', () => {
  test.each([
    ['Write to ada.lovelace+x@mail.example.org.', 'Write to [email].'],
    ['call +49 30 901820 or (415) 555-2671', 'call [phone] or [phone]'],
    ['call 415-555-2671, 030 901820-12.', 'call [phone], [phone].'],
    ['card 4111 1111 1111 1111 or 5555555555554444', 'card [card] or [card]'],
    ['IBAN DE89 3704 0044 0532 0130 00 AND MORE', 'IBAN [iban] AND MORE'],
    ['GB82WEST12345698765432', '[iban]'],
    ['from 192.168.17.4 to 2001:db8:85a3::8a2e:370:7334', 'from [ip] to [ip]'],
  ])('%s', (given, masked) => expect(all(given)).toBe(masked));

  it('other numbers stay: ids, amounts, dates, times, sums without their checksum', () => {
    for (const text of [
      '1234567890', 'in 2024-01-15 10:30:45', 'order 4111111111111112', '1,234,567.89 EUR',
      'DE89 3704 0044 0532 0130 02', '999.1.1.1', 'std::vector', '12:30:45:10', '3.14159265358979',
      'job_0190abcdef', 'pages 100-2000',
    ]) expect(all(text)).toBe(text);
  });
});

describe('JSON of requests and answers', () => {
  it('is masked in contents, parts, system and arguments of tools; names and media stay', () => {
    const body = {
      model: 'me@home.example', system: [{ type: 'text', text: 'I am ada@example.org' }],
      messages: [
        { role: 'user', content: 'ada@example.org' },
        { role: 'user', content: [{ type: 'image_url', image_url: { url: `data:image/png;base64,sk-${letters(80)}` } }] },
        { role: 'assistant', tool_calls: [{ id: 'a', function: { arguments: '{"to":"ada@example.org"}' } }] },
      ],
    };
    const { text, count } = maskJson(JSON.stringify(body), body, 'all');
    expect(count).toBe(3);
    const masked = JSON.parse(text) as typeof body;
    expect(masked.model).toBe(body.model);
    expect(masked.messages[1]).toEqual(body.messages[1]);
    expect(masked.messages[2]!.tool_calls![0]!.function.arguments).toBe('{"to":"[email]"}');
    expect(masked.system[0]!.text).toBe('I am [email]');
  });

  it('without anything to mask is as it came, digit for digit', () => {
    const text = '{ "temperature": 1.0, "messages": [] }';
    expect(maskJson(text, JSON.parse(text), 'all')).toMatchObject({ text, count: 0 });
  });
});

describe('the time it takes', () => {
  it('grows with the length, whatever the text', () => {
    const random = seededRandom(22);
    const pieces = [
      'sk-', 'hf_', 'eyJ', '.', '@', '-', ':', '://', '0', '1 ', '+', '(', 'A', 'AB12 ', 'Bearer ', 'a', '_', '/',
      '-----BEGIN PRIVATE KEY-----', '-----END', '\\n', '::', 'xox', '= ', 'DE89',
    ];
    for (let round = 0; round < 60; round += 1) {
      const few = Array.from({ length: random.whole(1, 3) }, () => random.pick(pieces).repeat(random.whole(1, 40)));
      const unit = few.join('');
      const text = unit.repeat(Math.ceil(200_000 / unit.length));
      const begun = process.cpuUsage();
      maskText(text, 'all');
      const { user, system } = process.cpuUsage(begun);
      // A quadratic one takes minutes for 200,000 letters; this one a few milliseconds.
      if (user + system > 1_500_000) throw new Error(`${(user + system) / 1000} ms for ${unit}`);
    }
  }, 120_000);
});
