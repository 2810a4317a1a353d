// Tables of the smaller parts.
import { type GrowthResult } from '../parts/growth';
import { type HalfRateResult } from '../parts/half-rate';
import { type DecisionsResult } from '../parts/decisions';
import { type InFlightResult } from '../parts/in-flight';
import { type LimitsResult } from '../parts/limits';
import { type ServiceProfile } from '../parts/profile';
import { type StreamsResult } from '../parts/streams';
import { figure, type Table } from './tables';

export function streamsTable({ rows }: StreamsResult): Table {
  const direct = rows.find(({ system }) => system === 'simulator')?.firstTokenP50Ms ?? null;
  return {
    head: ['system', 'first token p50 ms', 'added ms', 'first token p99 ms',
      'tokens/s, 16 streams', 'errors'],
    rows: rows.map((row) => [
      row.system, figure(row.firstTokenP50Ms),
      figure(direct === null ? null : row.firstTokenP50Ms - direct),
      figure(row.firstTokenP99Ms), figure(row.tokensPerS), String(row.errors),
    ]),
  };
}

export function heldTable({ rows }: StreamsResult): Table {
  return {
    head: ['system', 'streams', 'open at once', 'tokens/s each', 'first token p50 ms',
      'first token p99 ms', 'errors', 'held'],
    rows: rows.flatMap(({ system, held }) => held.map((one) => [
      system, String(one.wanted), String(one.openMax), figure(one.streamTokensPerS),
      figure(one.firstTokenP50Ms), figure(one.firstTokenP99Ms), String(one.errors),
      one.isHeld ? 'yes' : 'no',
    ])),
  };
}

export function halfRateTable({ rows }: HalfRateResult): Table {
  return {
    head: ['system', 'highest requests/s', 'offered requests/s', 'p50 ms', 'p95 ms', 'p99 ms',
      'errors'],
    rows: rows.map((row) => [
      row.system, figure(row.highestPerS), figure(row.offeredPerS), figure(row.p50Ms),
      figure(row.p95Ms), figure(row.p99Ms), String(row.errors),
    ]),
  };
}

export function limitsTable(limits: LimitsResult): Table {
  return {
    head: ['of this machine', 'per second'],
    rows: [
      [`writes of ${limits.payloadBytes} bytes with fdatasync, one after the other`,
        figure(limits.syncedWritesPerS)],
      ['JetStream appends with fsync, 1 in flight', figure(limits.syncedAppendsPerS)],
      ['JetStream appends with fsync, 64 in flight', figure(limits.syncedAppendsPipelinedPerS)],
      ['JetStream appends without fsync, 1 in flight', figure(limits.appendsPerS)],
      ['JetStream appends without fsync, 64 in flight', figure(limits.appendsPipelinedPerS)],
      ...limits.fastify.map(({ connections, requestsPerS }) =>
        [`requests to Fastify alone, ${connections} connections`, figure(requestsPerS)]),
    ],
  };
}

export function growthTable({ rows }: GrowthResult): Table {
  const isMeasured = rows.some(({ moments }) => moments !== undefined);
  const momentHead = ['moment from the beginning s', 'moment at random s, median', 'longest'];
  return {
    head: ['events in the log', 'log MB', 'start s', 'first start s', 'archived events/s',
      'archive complete', 'requests/s', 'p50 ms', 'p99 ms', 'services MB',
      ...(isMeasured ? momentHead : [])],
    rows: rows.map((row) => [
      row.events.toLocaleString('en'), figure(row.logMb), figure(row.startS),
      figure(row.firstStartS), figure(row.archivedEventsPerS), row.archivedAll ? 'yes' : 'no',
      figure(row.requestsPerS), figure(row.p50Ms), figure(row.p99Ms), figure(row.servicesMb),
      ...(isMeasured ? momentsOf(row) : []),
    ]),
  };
}

function momentsOf({ moments }: GrowthResult['rows'][number]): string[] {
  return [moments?.firstS, moments?.medianS, moments?.longestS].map((s) => figure(s ?? null));
}

export function inFlightTable({ rows }: InFlightResult): Table {
  const names = Object.keys(rows[0]?.residentMb ?? {});
  return {
    head: ['jobs', 'without outcome', 'running', 'accepted/s', 'errors',
      ...names.map((name) => `${name} MB`), 'services MB', 'peak MB'],
    rows: rows.map((row) => [
      row.jobs.toLocaleString('en'), figure(row.open), figure(row.running),
      figure(row.acceptedPerS), String(row.errors),
      ...names.map((name) => figure(row.residentMb[name] ?? null)),
      figure(row.servicesMb), figure(row.servicesPeakMb),
    ]),
  };
}

export function functionsTable({ functions }: ServiceProfile): Table {
  return {
    head: ['function', 'where', 'own time %', 'with callees %'],
    rows: functions.map(({ name, place, selfPercent, totalPercent }) =>
      [name, place, figure(selfPercent), figure(totalPercent)]),
  };
}

export function placesTable({ places }: ServiceProfile): Table {
  return {
    head: ['place', 'own time %'],
    rows: places.map(({ place, percent }) => [place, figure(percent)]),
  };
}

export function decisionsTable({ rows }: DecisionsResult): Table {
  return {
    head: ['targets', 'strategy', 'one decision µs, median', 'p99'],
    rows: rows.map(({ targets, strategy, medianUs, p99Us }) =>
      [String(targets), strategy, figure(medianUs), figure(p99Us)]),
  };
}

export function weightsTable({ weights }: DecisionsResult): Table {
  return {
    head: ['target', 'weight %', 'measured %'],
    rows: weights.map(({ provider, configuredPercent, measuredPercent }) =>
      [provider, String(configuredPercent), String(measuredPercent)]),
  };
}
