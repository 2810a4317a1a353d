import { describe, expect, it } from '@jest/globals';
import { OptionsError, parseOptions } from './options';

describe('the arguments', () => {
  it('measure every usual part and system when there are none', () => {
    const options = parseOptions([]);
    expect(options.parts).toEqual(['load', 'streams', 'half-rate', 'limits', 'decisions']);
    expect(options.systems).toEqual([
      'simulator', 'holdfast', 'holdfast-nofsync', 'raw', 'portkey',
    ]);
    expect(options).toMatchObject({
      command: 'run', rounds: 3, seconds: 5, warmUpS: 30, connections: [1, 16, 64, 256], delaysMs: [0, 50],
      save: true, json: false, resume: false,
    });
  });

  it('win over --quick', () => {
    expect(parseOptions(['--quick'])).toMatchObject({ rounds: 1, seconds: 3 });
    expect(parseOptions(['--quick', '--rounds', '2'])).toMatchObject({ rounds: 2, seconds: 3 });
  });

  it('measure a long part alone, unless others are named', () => {
    expect(parseOptions(['--profile']).parts).toEqual(['profile']);
    expect(parseOptions(['--in-flight', '--parts', 'load']).parts).toEqual(['load', 'in-flight']);
  });

  it('let --growth stand alone, say full, or name sizes of its own', () => {
    expect(parseOptions(['--growth'])).toMatchObject({
      parts: ['growth'], growthEvents: [0, 1_000_000],
    });
    expect(parseOptions(['--growth', '--json'])).toMatchObject({ json: true });
    expect(parseOptions(['--growth', 'full']).growthEvents).toEqual([0, 1_000_000, 10_000_000]);
    expect(parseOptions(['--growth', '0,5000']).growthEvents).toEqual([0, 5000]);
    expect(() => parseOptions(['--growth', 'huge'])).toThrow(OptionsError);
  });

  it('add each --peer as a system', () => {
    const { peers, systems } = parseOptions([
      '--systems', 'holdfast',
      '--peer', 'other=http://127.0.0.1:4000/,authorization:Bearer x,x-host:{upstream}',
      '--peer', 'plain=http://127.0.0.1:5000',
    ]);
    expect(systems).toEqual(['holdfast', 'other', 'plain']);
    expect(peers).toEqual([
      { name: 'other', url: 'http://127.0.0.1:4000',
        headers: { authorization: 'Bearer x', 'x-host': '{upstream}' } },
      { name: 'plain', url: 'http://127.0.0.1:5000', headers: {} },
    ]);
  });

  it.each([
    ['--rounds', '0'], ['--seconds', 'x'], ['--connections', '1,,2'], ['--parts', 'nothing'],
    ['--systems', 'nothing'], ['--peer', 'nourl'], ['--peer', 'raw=http://x'],
    ['--peer', 'a=http://x,noheader'], ['--nonsense', '1'],
  ])('are refused with a message: %s %s', (name, value) => {
    expect(() => parseOptions([name, value])).toThrow(OptionsError);
  });
});
