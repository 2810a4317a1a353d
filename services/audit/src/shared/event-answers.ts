// What may be asked of the events index, and of exports.
import {
  type AuditRefused, type EventsPage, type EventsQuestion, type ExportFormat,
} from '@libs/signals/ask-audit';

type Answer = Promise<Readonly<Record<string, unknown>> | AuditRefused>;

export interface EventAnswers {
  events(question: EventsQuestion, page: EventsPage): Answer;
}

export interface ExportAnswers {
  start(question: EventsQuestion, format: ExportFormat): Answer;
  status(id: string): Answer;
  chunk(id: string, index: number): Answer;
}
