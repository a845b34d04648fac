import { MultiSelect, Select, TagsInput } from '@mantine/core'
import { tlps } from '../../../../src/model/intelligence.ts'
import { agreementOf, type Provider, ShareableClass, type Sharing } from '../../../../src/model/provider.ts'
import { SensitiveClass } from '../../../../src/model/reply.ts'
import { classWords } from '../../words.ts'

/** What the agreement says about what leaves, beyond what may leave as it is. */
export function SharingPart({
  provider,
  change,
  says,
}: {
  readonly provider: Provider
  readonly change: (sharing: Sharing) => void
  readonly says: (field: string) => string | undefined
}) {
  const { never, upToTlp, recipientDomains, secondPerson } = agreementOf(provider)
  const now: Sharing = {
    ...{ never: [...never], upToTlp, recipientDomains: [...recipientDomains], secondPerson: [...secondPerson] },
  }
  return (
    <>
      <MultiSelect
        label="Never leaves as it is, whatever the reason"
        data={ShareableClass.options.map((value) => ({ value, label: classWords[value] }))}
        value={now.never}
        onChange={(chosen) => change({ ...now, never: ShareableClass.options.filter((one) => chosen.includes(one)) })}
      />
      <Select
        label="Intelligence may leave up to"
        description="Traffic light of its source (TLP 2.0). RED needs its source’s word each time."
        data={tlps.map((value) => ({ value, label: `TLP:${value}` }))}
        value={now.upToTlp}
        allowDeselect={false}
        onChange={(value) => change({ ...now, upToTlp: tlps.find((one) => one === value) ?? now.upToTlp })}
      />
      <TagsInput
        label="Recipients must be at"
        description="Empty: any domain of theirs"
        value={now.recipientDomains}
        error={says('sharing.recipientDomains')}
        onChange={(domains) => change({ ...now, recipientDomains: domains })}
      />
      <MultiSelect
        label="A second person releases, when these stay (of secrets: when one was found)"
        data={SensitiveClass.options.map((value) => ({ value, label: classWords[value] }))}
        value={now.secondPerson}
        onChange={(chosen) =>
          change({ ...now, secondPerson: SensitiveClass.options.filter((one) => chosen.includes(one)) })
        }
      />
    </>
  )
}
