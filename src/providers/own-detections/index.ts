import { textAt } from '../json-text.ts'
import type { Matter } from '../matter.ts'
import type { Pieces, Reader } from '../reader.ts'
import { severityOf } from '../severity.ts'
import { utc } from '../signs.ts'

/** The shape that hunts/detection-messages.ts writes (docs/exchange/detection-1.schema.json). */
function isDetection(matter: Matter): boolean {
  return (
    textAt(matter.json, 'format')?.value === 'counterfoil-detection' && textAt(matter.json, 'version')?.value === '1'
  )
}

function read(matter: Matter): Pieces {
  const at = (path: string) => textAt(matter.json, path) ?? undefined
  const severityText = at('rule.level')
  const part = at('part')
  const rule = at('rule.title')
  const title = [rule?.value, at('entity.value')?.value].filter((words) => words !== undefined).join(': ')
  return {
    ticket: at('id'),
    rule,
    title: title === '' ? undefined : title,
    summary: [at('says')?.value, at('rule.description')?.value].filter((words) => words !== undefined).join('\n'),
    severityText,
    severity: severityText === undefined ? undefined : severityOf(severityText.value),
    occurredAt: utc(at('first')?.value),
    raisedAt: utc(at('received.to')?.value),
    host: at('host'),
    account: at('account'),
    source: at('source'),
    destination: at('destination'),
    kind:
      part !== undefined && part.value !== '1'
        ? { kind: 'update', because: 'The same rule saw more of the same entity within the hour.' }
        : { kind: 'alert', because: 'A detection rule of our own matched.' },
    sure: true,
  }
}

export const ownDetections: Reader = {
  id: 'own-detections',
  title: 'Our own detections',
  recognise: (matter) => (isDetection(matter) ? 0.99 : 0),
  read,
}
