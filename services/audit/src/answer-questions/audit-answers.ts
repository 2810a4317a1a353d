// Answers on `ask.audit`: how far the archive is, the rebuild of the read models, checkpoints and
// proofs, events and exports, and the state of a moment.
import { type EventLog } from '@libs/log/log';
import { type Signals, type SignalSubscription, signalSubjects } from '@libs/signals/signals';
import { type Logger } from '@libs/telemetry/logger';
import { type ArchiveControl } from '../shared/archive-control';
import { type EventAnswers, type ExportAnswers } from '../shared/event-answers';
import { type PastAnswers } from '../shared/past-answers';
import { type ProofAnswers } from '../shared/proof-answers';
import { idleProgress, type RebuildProgress } from '../shared/rebuild-progress';
import { auditQuestion } from './question';

export interface AnswerParts {
  readonly archiver: ArchiveControl;
  /** Rebuilds the read models; the archiver is paused meanwhile. */
  readonly rebuild: (report: (progress: RebuildProgress) => void) => Promise<RebuildProgress>;
  readonly proofs: ProofAnswers;
  readonly events: EventAnswers;
  readonly exports: ExportAnswers;
  readonly past: PastAnswers;
  readonly log: EventLog;
  readonly signals: Signals;
  readonly logger: Logger;
}

const known = 'status, rebuild, rebuild-status, checkpoint, inclusion, consistency, events, export, '
  + 'export-status, export-chunk, state';

/** Only the process that archives answers; those standing by stay silent. */
export function answerAuditQuestions(parts: AnswerParts): SignalSubscription {
  let progress = idleProgress;

  const startRebuild = (): Record<string, unknown> => {
    if (progress.phase === 'running') return { error: 'a rebuild is running already' };
    progress = { ...idleProgress, phase: 'running' };
    const report = (next: RebuildProgress): void => { progress = next; };
    parts.archiver
      .whilePaused(() => parts.rebuild(report))
      .then(report, (error: unknown) => {
        parts.logger.error({ err: error }, 'rebuild failed; the live tables are as they were');
        progress = { ...progress, phase: 'failed', differences: [String(error)] };
      });
    return { started: true };
  };

  const answer = async (asked: unknown): Promise<object> => {
    const read = auditQuestion.safeParse(asked);
    if (!read.success) return { error: `unknown question; known are ${known}` };
    const question = read.data;
    switch (question.op) {
      case 'status': {
        const { lastSequence } = await parts.log.state();
        const archived = parts.archiver.position.sequence;
        return {
          archived_sequence: archived,
          log_sequence: lastSequence,
          lag: Math.max(0, lastSequence - archived),
          rebuilding: progress.phase === 'running',
        };
      }
      case 'rebuild': return startRebuild();
      case 'rebuild-status': return { ...progress };
      case 'checkpoint': return parts.proofs.checkpoint();
      case 'inclusion': return parts.proofs.inclusion(question.sequence, question.line);
      case 'consistency': return parts.proofs.consistency(question.from, question.to);
      case 'events': return parts.events.events(question.question, question.page);
      case 'export': return parts.exports.start(question.question, question.format);
      case 'export-status': return parts.exports.status(question.id);
      case 'export-chunk': return parts.exports.chunk(question.id, question.index);
      case 'state': return parts.past.state(question);
    }
  };

  return parts.signals.subscribe(signalSubjects.askAudit, (text, _subject, respond) => {
    if (respond === null || !parts.archiver.writing) return;
    Promise.resolve()
      .then(() => answer(JSON.parse(text)))
      .catch((error: unknown) => {
        parts.logger.warn({ err: error }, 'a question could not be answered');
        return { error: String(error) };
      })
      .then((body) => respond(JSON.stringify(body)), (error: unknown) => {
        parts.logger.warn({ err: error }, 'could not answer');
      });
  });
}
