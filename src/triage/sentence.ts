import type { Alert } from '../model/alert.ts'
import type { Finding } from '../model/finding.ts'
import type { Fidelity } from '../model/triage.ts'
import { answersTo, assetsIn } from './answers.ts'

/** The alert in one sentence: what they say, what it is to us, how much of the evidence there is. Plain text. */
export function sentenceFor(alert: Alert, findings: readonly Finding[], fidelity: Fidelity): string {
  const entity = alert.host ?? alert.entity ?? alert.account ?? alert.destination ?? alert.source
  const said =
    alert.kind === 'unread'
      ? `A message of ${alert.providerName} could not be read: "${alert.title}"`
      : `${alert.providerName} says ${entity === null || alert.title.toLowerCase().includes(entity.toLowerCase()) ? '' : `of ${entity}: `}"${alert.title}"`
  const ours = knownOf(alert, findings)
  return `${said}; ${ours}; we have ${fidelity.attained} of ${fidelity.applicable} rungs of evidence (${fidelity.delivered} came with the message).`
}

function knownOf(alert: Alert, findings: readonly Finding[]): string {
  const asset = assetsIn(findings)[0]?.answer
  const person = answersTo('owner-of-host', findings)[0]?.answer
  if (asset !== undefined) {
    const owner = asset.owner ?? person?.name ?? null
    const known = [
      asset.role === null ? 'of unknown role' : `"${asset.role}"`,
      owner === null ? 'owner unknown' : `owner ${owner}`,
      asset.criticality === null ? 'criticality unknown' : `criticality ${asset.criticality}`,
    ]
    return `${asset.name} is ${known.join(', ')}`
  }
  const account = answersTo('person-of-account', findings)[0]?.answer
  if (account !== undefined) {
    const where = account.department === null ? '' : ` (${account.department})`
    return `${alert.account ?? account.account ?? 'the account'} is ${account.name}${where}${account.privileged === true ? ', privileged' : ''}`
  }
  const looked = findings.some((finding) => finding.question.startsWith('asset-of-') && finding.kind === 'nothing')
  return looked ? 'it is on no list of ours' : 'what it is to us is not known'
}
