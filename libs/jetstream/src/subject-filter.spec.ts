import { expect, it } from '@jest/globals';
import { parseAckSubject } from './ack-subject';
import { consumerFilter } from './subject-filter';

it('one subject is one filter on every server', () => {
  expect(consumerFilter(['events.governance'], false))
    .toEqual({ config: { filter_subject: 'events.governance' }, checkSubjects: false });
});

it('several subjects are several filters where the server knows them', () => {
  expect(consumerFilter(['events.access', 'events.governance'], true).config)
    .toEqual({ filter_subjects: ['events.access', 'events.governance'] });
  expect(consumerFilter(['events.access', 'events.governance'], false))
    .toEqual({ config: { filter_subject: 'events.>' }, checkSubjects: true });
});

it('a subject that another one covers is left out', () => {
  expect(consumerFilter(['events.job.0.routed', 'events.job.*.routed'], true).config)
    .toEqual({ filter_subject: 'events.job.*.routed' });
  expect(consumerFilter(['events.>', 'events.job.>'], true).config)
    .toEqual({ filter_subject: 'events.>' });
});

it('subjects that overlap without covering are checked here, for the server refuses them', () => {
  expect(consumerFilter(['events.job.0.*', 'events.job.*.routed'], true))
    .toEqual({ config: { filter_subject: 'events.>' }, checkSubjects: true });
});

it('the acknowledgement subject is read in its old and its new form', () => {
  const expected = {
    deliveryCount: 2, streamSequence: 70, consumerSequence: 9, storedAtMs: 1764000000123,
  };
  expect(parseAckSubject('$JS.ACK.EVENTS.workers.2.70.9.1764000000123456789.0')).toEqual(expected);
  expect(parseAckSubject('$JS.ACK.dom.acc.EVENTS.workers.2.70.9.1764000000123456789.0.x'))
    .toEqual(expected);
});
