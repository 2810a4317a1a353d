// What the benchmark knows of a system it measures.
import { type Process } from '../usage';

/** The simulated provider behind it: at once, or 50 ms late; or in words at a reader's pace. */
export type UpstreamName = 'now' | 'late' | 'paced';

export const upstreamFor = (delayMs: number): UpstreamName => (delayMs === 0 ? 'now' : 'late');

/** Where requests go. */
export interface Target {
  /** Up to and including /v1. */
  readonly baseUrl: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly model: string;
}

/** Figures of the log since the start; differences of two tell what happened between them. */
export interface LogFigures {
  readonly commits: number;
  readonly events: number;
  /** Last sequence of the log, and last archived one. */
  readonly sequence: number;
  readonly archivedSequence: number;
  readonly archiveLagS: number;
  /** Jobs without an outcome. */
  readonly openJobs: number;
}

export interface System {
  readonly name: string;
  /** What it does for each request, and what it does not, in a few words. */
  readonly on: string;
  readonly off: string;
  /** Whether the streamed mode is measured too. */
  readonly streams: boolean;
  readonly version: string | null;
  readonly target: (upstream: UpstreamName) => Target | null;
  /** None where somebody else runs it. */
  readonly processes: () => Promise<readonly Process[]>;
  /** Only where there is a log to ask. */
  readonly logFigures?: () => Promise<LogFigures>;
  stop(): Promise<void>;
}

/** A name the simulator has no rule of its own for: its answers are as long as it was told. */
export const model = 'bench-200';
export const answerTokens = 200;
