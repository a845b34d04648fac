import { sha256Hex } from '../kit/digest.ts'
import { ApprovalStatement, type SignedApproval } from '../model/approval.ts'
import { canonicalValue, problemsOfAssertion } from './assertion-proof.ts'

export function approvalStatement(text: string): ApprovalStatement | null {
  const parsed = ApprovalStatement.safeParse(canonicalValue(text))
  return parsed.success ? parsed.data : null
}

/** What does not hold of a signed approval, by nothing but its record. */
export function problemsOfApproval(signed: SignedApproval, statement: ApprovalStatement): readonly string[] {
  const problems: string[] = []
  if (sha256Hex(signed.subject) !== statement.subject.sha256)
    problems.push('what was approved is not what the statement names: the bytes were changed')
  if (signed.approval !== statement.approval || signed.verdict !== statement.verdict)
    problems.push('the record says something else than the statement that was signed')
  return [...problems, ...problemsOfAssertion(signed, statement)]
}
