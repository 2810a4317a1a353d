// The streamed mode: time to the first token, tokens per second, and how many streams can be open
// at the same time, each at a reader's pace.
import { type LoadGenerator } from '../load/load-generator';
import { type StreamedLoadResult } from '../load/jobs';
import { median, round } from '../statistics';
import { pacedTokensPerS } from '../systems/simulator';
import { type Stage } from '../systems/start-systems';
import { answerTokens, type System } from '../systems/system';
import { drained } from './measure-load';

export interface StreamsResult {
  readonly pacedTokensPerS: number;
  readonly answerTokens: number;
  readonly rows: readonly StreamsRow[];
}

export interface StreamsRow {
  readonly system: string;
  /** One stream at a time, answered at once. */
  readonly firstTokenP50Ms: number;
  readonly firstTokenP99Ms: number;
  /** Over 16 connections, one stream after the other on each, as fast as it goes. */
  readonly tokensPerS: number;
  readonly held: readonly HeldStreams[];
  readonly errors: number;
}

/** So many at the same time. */
export interface HeldStreams extends StreamedLoadResult {
  readonly wanted: number;
  /** All came to their end, together, and the median one at the pace it was written at. */
  readonly isHeld: boolean;
}

const fastConnections = 16;
const heldCounts = [64, 256, 512];
const heldCountsQuick = [256];
/** A stream this much slower than its provider is not held but delayed. */
const paceShareMin = 0.95;
const roundsMax = 2;

export async function measureStreams(stage: Stage): Promise<StreamsResult> {
  const { options, say } = stage;
  const all = await Promise.all(options.systems.map((name) => stage.system(name)));
  const systems = all.filter(({ streams }) => streams);
  const fast = new Map<string, StreamsRow[]>();
  const rounds = Math.min(options.rounds, roundsMax);
  for (let turn = 0; turn < rounds; turn += 1) {
    for (const system of turn % 2 === 0 ? systems : [...systems].reverse()) {
      const row = await measureFast(stage, system);
      fast.set(system.name, [...fast.get(system.name) ?? [], row]);
      say(`streams: ${system.name} first token ${row.firstTokenP50Ms} ms, `
        + `${row.tokensPerS} tokens/s`);
    }
  }
  const held = await holdAll(stage, systems);
  const rows = systems.map(({ name }) => middleOf(fast.get(name) ?? [], held.get(name) ?? []));
  return { pacedTokensPerS, answerTokens, rows };
}

async function measureFast({ load, options }: Stage, system: System): Promise<StreamsRow> {
  const one = await streamed(load, system, { connections: 1, seconds: options.seconds });
  const many = await streamed(load, system, {
    connections: fastConnections, seconds: options.seconds,
  });
  return {
    system: system.name, held: [],
    firstTokenP50Ms: one.firstTokenP50Ms, firstTokenP99Ms: one.firstTokenP99Ms,
    tokensPerS: many.tokensPerS, errors: one.errors + many.errors,
  };
}

async function streamed(
  load: LoadGenerator, system: System, how: { connections: number; seconds: number },
): Promise<StreamedLoadResult> {
  const target = system.target('now');
  if (target === null) throw new Error(`${system.name} has no upstream`);
  const result = await load.run({ kind: 'streams', target, held: false, ...how });
  await drained(system);
  return result;
}

async function holdAll(
  { load, options, say }: Stage, systems: readonly System[],
): Promise<Map<string, HeldStreams[]>> {
  const held = new Map<string, HeldStreams[]>();
  for (const wanted of options.rounds === 1 ? heldCountsQuick : heldCounts) {
    for (const system of systems) {
      const target = system.target('paced');
      if (target === null) continue;
      const result = await load.run({
        kind: 'streams', target, connections: wanted, seconds: 0, held: true,
      });
      await drained(system);
      const one = { ...result, wanted, isHeld: isHeld(result, wanted) };
      held.set(system.name, [...held.get(system.name) ?? [], one]);
      say(`streams: ${system.name} ${one.isHeld ? 'holds' : 'does not hold'} ${wanted} `
        + `(${one.openMax} at once, ${one.streamTokensPerS} tokens/s each)`);
    }
  }
  return held;
}

export function isHeld(result: StreamedLoadResult, wanted: number): boolean {
  return result.errors === 0 && result.openMax === wanted
    && result.streamTokensPerS >= pacedTokensPerS * paceShareMin;
}

function middleOf(rows: readonly StreamsRow[], held: readonly HeldStreams[]): StreamsRow {
  const middle = (pick: (row: StreamsRow) => number, digits: number): number =>
    round(median(rows.map(pick)), digits);
  return {
    system: rows[0]?.system ?? '',
    firstTokenP50Ms: middle((row) => row.firstTokenP50Ms, 2),
    firstTokenP99Ms: middle((row) => row.firstTokenP99Ms, 2),
    tokensPerS: middle((row) => row.tokensPerS, 0),
    errors: rows.reduce((sum, { errors }) => sum + errors, 0),
    held,
  };
}
