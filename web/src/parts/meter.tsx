import type { FindingKind } from '../../../src/model/finding.ts'
import type { Rung } from '../../../src/model/question.ts'
import { findingWords, rungWords } from '../words.ts'
import { FailedIcon, FoundIcon, NotApplicableIcon, NotCollectedIcon, NothingIcon } from './icons.tsx'

const icons = {
  found: FoundIcon,
  nothing: NothingIcon,
  'not-collected': NotCollectedIcon,
  failed: FailedIcon,
  'not-applicable': NotApplicableIcon,
}
const tones: Record<FindingKind, string> = {
  found: 'good',
  nothing: '',
  'not-collected': 'dim',
  failed: 'bad',
  'not-applicable': 'dim',
}

/** A state of the five, by icon and by word: colour never says it alone. */
export function KindTag({ kind, n }: { readonly kind: FindingKind; readonly n?: number }) {
  const Icon = icons[kind]
  return (
    <span className={`kind ${tones[kind]}`}>
      <Icon size={15} />
      {findingWords[kind]}
      {kind === 'found' && n !== undefined && n > 1 ? ` ${n}` : ''}
    </span>
  )
}

type Rungs = readonly { readonly rung: Rung; readonly state: FindingKind; readonly delivered: boolean }[]

/** Six segments of a row: the shape of the evidence at a glance, the words on hover and to screen readers. */
export function Meter({ rungs }: { readonly rungs: Rungs }) {
  if (rungs.length === 0) return <span className="dim">not asked yet</span>
  const words = rungs
    .map((one) => `${rungWords[one.rung]}: ${findingWords[one.state]}${one.delivered ? ' (came with the alert)' : ''}`)
    .join('\n')
  return (
    <span className="meter" role="img" aria-label={words} title={words}>
      {rungs.map((one) => (
        <i key={one.rung} className={`${one.state}${one.delivered ? ' delivered' : ''}`} />
      ))}
    </span>
  )
}
