// Answers for `/audit/v1/exports`: a new export, how far one is, and pieces of its result.
import { noteKeyText, type NoteKey } from '@libs/audit-tree/signed-note';
import { type Database } from '@libs/postgres/database';
import {
  addExport, type ExportRecord, findExport, readChunk, runningExports,
} from '@libs/postgres/export-store';
import { readIndexPosition } from '@libs/postgres/index-store';
import { type AuditRefused } from '@libs/signals/ask-audit';
import { newExportId } from '@libs/telemetry/ids';
import { type ExportAnswers } from '../shared/event-answers';
import { askedOf } from '../shared/event-filter';
import { headOf, type SignedTree } from './formats';

/** What the signer has; `latest` null while nothing is signed. */
export interface LastSigned {
  readonly latest: { readonly checkpoint: { readonly size: number }; readonly note: string } | null;
  readonly key: () => Promise<NoteKey | null>;
}

/** They are worked off one after the other. */
const runningMax = 20;

export function answerExports(
  database: Database, signed: LastSigned, wake: () => void,
): ExportAnswers {
  return {
    async start(question, format) {
      if (await runningExports(database) >= runningMax) {
        return { refused: 'too_many', message: `${runningMax} exports are under way already.` };
      }
      const tree = await signedTree(signed);
      if (format === 'bundle' && tree === null) return unsigned;
      const { size } = await readIndexPosition(database);
      // What no checkpoint covers yet cannot be proved.
      const end = format === 'bundle' ? Math.min(size, tree?.size ?? 0) : size;
      const asked = await askedOf(database, question, end);
      if ('refused' in asked) return asked;
      const id = newExportId();
      await addExport(database, {
        id, format, question: asked.filter, head: headOf(format, question, tree),
        fromLeaf: asked.within.from, toLeaf: asked.within.to,
        treeSize: format === 'bundle' ? tree?.size ?? null : null,
      });
      wake();
      return statusOf(database, id);
    },
    status: (id) => statusOf(database, id),
    async chunk(id, index) {
      const bytes = await readChunk(database, id, index);
      return bytes === null ? notFound(id) : { gzip: bytes.toString('base64') };
    },
  };
}

const unsigned: AuditRefused = {
  refused: 'not_signed_yet', message: 'No checkpoint was signed yet; one is signed every minute.',
};

async function signedTree(signed: LastSigned): Promise<SignedTree | null> {
  const { latest } = signed;
  const key = await signed.key();
  if (latest === null || key === null) return null;
  return { size: latest.checkpoint.size, note: latest.note, publicKey: noteKeyText(key) };
}

async function statusOf(
  database: Database, id: string,
): Promise<Readonly<Record<string, unknown>> | AuditRefused> {
  const found = await findExport(database, id);
  return found === null ? notFound(id) : viewOf(found);
}

function viewOf(found: ExportRecord): Readonly<Record<string, unknown>> {
  const { id, state, format, fromLeaf, nextLeaf, toLeaf, events, chunks, bytes, error } = found;
  const share = toLeaf === fromLeaf ? 1 : (nextLeaf - fromLeaf) / (toLeaf - fromLeaf);
  return {
    object: 'export', id, state, format: format, events, bytes, chunks,
    // Not `error`, which says that a question was not answered.
    failure: error, percent: state === 'done' ? 100 : Math.min(99, Math.floor(share * 100)),
    created_at: new Date(found.createdAtMs).toISOString(),
    ended_at: found.endedAtMs === null ? null : new Date(found.endedAtMs).toISOString(),
  };
}

function notFound(id: string): AuditRefused {
  return { refused: 'not_found', message: `There is no export ${id}; they are kept for a day.` };
}
