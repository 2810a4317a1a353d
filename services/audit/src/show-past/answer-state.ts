// Answers `state`: which moment it is, and its page or how far that is.
import { hasTenants } from '@libs/routing/moment/entries';
import { type AskState, type AuditRefused } from '@libs/signals/ask-audit';
import { type PastAnswer, type PastAnswers } from '../shared/past-answers';
import { type PageOrder } from './fold-messages';
import { type PageAnswer, type PastPages } from './past-pages';
import { type MomentTools, type ResolvedMoment, resolveMoment } from './resolve-moment';

export function answerPast(tools: MomentTools, pages: PastPages): PastAnswers {
  return {
    state: async (question) => {
      if (question.tenant !== null && !hasTenants(question.projection)) return noTenants(question);
      const moment = await resolveMoment(tools, question.at);
      if ('refused' in moment || 'pending' in moment) return moment;
      return answerOf(question, moment, await pages.ask(orderOf(question, moment)));
    },
  };
}

function orderOf(question: AskState, { sequence, nowMs }: ResolvedMoment): PageOrder {
  const { projection, tenant, subject, limit, after, from_beginning: fromBeginning } = question;
  return { sequence, nowMs, projection, tenant, subject, limit, after, fromBeginning };
}

function answerOf(question: AskState, moment: ResolvedMoment, answer: PageAnswer): PastAnswer {
  const { sequence } = moment;
  switch (answer.kind) {
    case 'page': {
      const { data, has_more: hasMore, folded } = answer.page;
      return {
        object: 'state', projection: question.projection,
        at: { sequence, time: iso(moment.atMs), evaluated_at: iso(moment.nowMs) },
        folded, data, last_key: data.at(-1)?.key ?? null, has_more: hasMore,
      };
    }
    case 'waiting': return pending('waiting', 0, sequence);
    case 'folding': return pending('folding', answer.sequence, sequence);
    case 'not_archived': return refused('not_archived', answer.message);
    case 'busy': return refused('busy', answer.message);
    case 'failed': return refused('fold_failed', answer.message);
  }
}

function pending(doing: 'waiting' | 'folding', at: number, to: number): PastAnswer {
  return { pending: { doing, at_sequence: at, to_sequence: to } };
}

function refused(reason: AuditRefused['refused'], message: string): AuditRefused {
  return { refused: reason, message };
}

/** A filter that does nothing would be taken for an answer. */
function noTenants({ projection }: AskState): AuditRefused {
  return refused('bad_range', `${projection} belong to no customer: leave out tenant.`);
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
