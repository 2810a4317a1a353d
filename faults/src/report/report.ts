// What is kept of a run: plain data, for faults/results/ and for the page that is made of it.
import { type CampaignResult } from '../campaign';
import { gapsByFault, type Share, sharesOf } from '../checks/service';
import { type VerdictState } from '../checks/verdict';
import { type FaultKind, faultKinds, ruleOf, type Track } from '../plan/kinds';
import { unansweredReasons } from './unanswered';

export interface FaultReport {
  readonly kind: FaultKind;
  readonly track: Track;
  readonly times: number;
  readonly longest_without_service_s: number;
  readonly allowed_s: number;
}

export interface Report {
  readonly measured_at: string;
  /** Of the source that was tormented. */
  readonly commit: string;
  readonly machine: string;
  readonly seed: number;
  readonly seconds: number;
  readonly requests: number;
  readonly answered: Readonly<Record<string, Share>>;
  readonly checks: readonly {
    readonly number: number;
    readonly name: string;
    readonly state: VerdictState;
    readonly numbers: Readonly<Record<string, number | string>>;
    readonly findings: readonly string[];
  }[];
  readonly faults: readonly FaultReport[];
  readonly left_out: readonly string[];
  readonly not_answered: readonly { readonly reason: string; readonly times: number }[];
}

export interface MutationReport {
  readonly measured_at: string;
  readonly seed: number;
  readonly mutations: readonly {
    readonly name: string;
    readonly defect: string;
    readonly end: string;
    readonly text: string;
  }[];
}

export interface Circumstances {
  readonly measuredAt: string;
  readonly commit: string;
  readonly machine: string;
  readonly seed: number;
  readonly seconds: number;
}

export function reportOf(
  { verdicts, evidence, leftOut }: Pick<CampaignResult, 'verdicts' | 'evidence' | 'leftOut'>,
  { measuredAt, commit, machine, seed, seconds }: Circumstances,
): Report {
  const { requests, faults } = evidence;
  const gaps = gapsByFault(requests, faults);
  return {
    measured_at: measuredAt, commit, machine, seed, seconds, requests: requests.length,
    answered: sharesOf(requests),
    checks: verdicts,
    faults: faultKinds.flatMap((kind) => {
      const of = gaps.filter(({ fault }) => fault.kind === kind);
      if (of.length === 0) return [];
      const { track, withoutServiceMsMax } = ruleOf(kind);
      const longestMs = Math.max(...of.map(({ withoutServiceMs }) => withoutServiceMs));
      return [{
        kind, track, times: of.length, longest_without_service_s: tenths(longestMs),
        allowed_s: tenths(withoutServiceMsMax),
      }];
    }),
    left_out: leftOut,
    not_answered: unansweredReasons(requests)
      .map(([reason, times]) => ({ reason: withoutPorts(reason), times })),
  };
}

function tenths(ms: number): number {
  return Math.round(ms / 100) / 10;
}

/** Ports differ from run to run and say nothing. */
function withoutPorts(reason: string): string {
  return reason.replace(/(127\.0\.0\.1):\d+/g, '$1');
}
