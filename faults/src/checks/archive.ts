// Check 6: the archive is the log, byte for byte, all content is what its hash says, and both are what
// was signed.
import { type AnyEvent } from '@libs/events/envelope';
import { type ContentRef } from '@libs/events/content';
import { type Archive, type Evidence } from '../evidence/evidence';
import { type LoggedCommit } from '../evidence/log-evidence';
import { type StoredMessage } from '../system/admin-log';
import { weighProofs } from './proofs';
import { verdict, type Verdict } from './verdict';

export function checkArchive(
  { log, archive, proofs }: Pick<Evidence, 'log' | 'archive' | 'proofs'>,
): Verdict {
  const signed = weighProofs({ log, proofs });
  const bytes = log.messages.reduce((sum, message) => sum + message.bytes.length, 0);
  return verdict(6, 'the archive is the log, byte for byte, and is what was signed', {
    messages: log.messages.length, archived: archive.commits.length, bytes,
    'large contents': archive.objects.size, checkpoints: signed.checkpoints,
    'event lines signed': signed.covered,
  }, [
    ...log.unreadable.map((sequence) => `message ${sequence} of the log is no commit that can be read`),
    ...differences(log.messages, archive),
    ...log.commits.flatMap((commit) => contentFindings(commit, archive)),
    ...signed.findings,
  ]);
}

function differences(messages: readonly StoredMessage[], { commits }: Archive): string[] {
  const archived = new Map(commits.map((commit) => [commit.sequence, commit]));
  const findings: string[] = [];
  for (const message of messages) {
    const { sequence } = message;
    const found = archived.get(sequence);
    archived.delete(sequence);
    if (found === undefined) findings.push(`message ${sequence} is not archived`);
    else if (found.subject !== message.subject || found.msgId !== message.msgId
      || Buffer.compare(found.bytes, message.bytes) !== 0) {
      findings.push(`message ${sequence} is archived as something else`);
    }
  }
  for (const sequence of archived.keys()) {
    findings.push(`the archive has ${sequence}, which the log has not`);
  }
  return findings;
}

function contentFindings(
  { message, events, content, hashes }: LoggedCommit, archive: Archive,
): string[] {
  const findings: string[] = [];
  for (const [sha256, found] of hashes) {
    if (found !== sha256) {
      findings.push(`content ${sha256} of commit ${message.sequence} is something else`);
    }
  }
  for (const { sha256, where } of events.flatMap(contentRefs)) {
    if (where === 'line' && !content.has(sha256)) {
      findings.push(`content ${sha256} is missing in commit ${message.sequence}`);
    }
    if (where === 'object' && archive.objects.get(sha256) !== sha256) {
      findings.push(`large content ${sha256} is not archived, or as something else`);
    }
  }
  return findings;
}

/** What an event's own commit (or the object store) must hold. */
function contentRefs(event: AnyEvent): ContentRef[] {
  if (event.type === 'JobSubmitted') return [event.data.body];
  if (event.type === 'JobSucceeded') return [event.data.result];
  if (event.type === 'JobFailed') return event.data.result === null ? [] : [event.data.result];
  return [];
}
