import { canonicalJson, type Json } from '../kit/canonical-json.ts'
import type { PasskeySignature } from '../model/approval.ts'
import { ReleaseStatement } from '../model/release.ts'
import { canonicalValue, problemsOfAssertion } from './assertion-proof.ts'

export function releaseStatement(text: string): ReleaseStatement | null {
  const parsed = ReleaseStatement.safeParse(canonicalValue(text))
  return parsed.success ? parsed.data : null
}

/** The record in whose body the signature stands: the release that fixed the bytes, or the one that let them leave. */
type Around = { readonly kind: string; readonly body: Readonly<Record<string, unknown>> }

/** What does not hold of a signed release: the record around the signature must say what was signed. */
export function problemsOfRelease(
  signed: PasskeySignature,
  statement: ReleaseStatement,
  around: Around,
): readonly string[] {
  const { body } = around
  const wrong: string[] = []
  const same = (what: string, said: unknown, meant: Json): void => {
    if (said === undefined || canonicalJson(said as Json) !== canonicalJson(meant)) wrong.push(what)
  }
  same('the answer', body['replyId'], statement.reply)
  same('the bytes', body['sha256'], statement.subject.sha256)
  same('the Message-ID', body['messageId'], statement.subject.messageId)
  same('the mail in the clear', body['clearSha256'] ?? null, statement.clearSha256)
  same('how it is signed and encrypted', body['protection'] ?? null, statement.protection)
  if (around.kind === 'reply.released') {
    same('the alert', body['alertId'], statement.alert)
    same('the size', body['sizeBytes'], statement.subject.sizeBytes)
    same('the recipients', body['to'], statement.to)
    same('whether it is a dry run', body['dryRun'], statement.dryRun)
    same('who released it first', body['first'], statement.first?.by ?? null)
    const files = statement.files.map((file) => canonicalJson(file))
    const named = Array.isArray(body['files']) ? (body['files'] as Json[]) : []
    if (!named.every((file) => files.includes(canonicalJson(file)))) wrong.push('the files')
  }
  same('why one is not enough', body['because'], statement.because)
  if (statement.release !== (around.kind === 'reply.released' ? 'second' : 'first')) wrong.push('which release it is')
  if ((statement.release === 'second') !== (statement.first !== null)) wrong.push('who released it first')
  const problems = wrong.length === 0 ? [] : [`the record says something else than was signed: ${wrong.join(', ')}`]
  if (statement.first?.by === `user:${statement.who.user}`) problems.push('one person released it twice')
  return [...problems, ...problemsOfAssertion(signed, statement)]
}
