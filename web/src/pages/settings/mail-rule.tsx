import { Select, Switch } from '@mantine/core'
import type { MailRule } from '../../../../src/model/mail-key.ts'

const none: MailRule = { protect: 'none', method: 'smime', mustEncrypt: false }

export const methodWords = { smime: 'S/MIME', openpgp: 'OpenPGP' } as const

/** In a few words, for the card of a provider. */
export function ruleWords(rule: MailRule | undefined): string {
  if (rule === undefined || rule.protect === 'none') return 'neither signed nor encrypted'
  const called = methodWords[rule.method]
  if (rule.protect === 'sign') return `signed (${called})`
  return rule.mustEncrypt
    ? `signed and encrypted (${called}), or not sent`
    : `signed (${called}), and encrypted where their key is here`
}

/** How mail to a provider is signed and encrypted. */
export function MailRulePart({
  rule,
  change,
  says,
}: {
  readonly rule: MailRule | undefined
  readonly change: (rule: MailRule) => void
  readonly says: (field: string) => string | undefined
}) {
  const now = rule ?? none
  return (
    <>
      <Select
        label="Mail to them is"
        description="Certificates and keys of theirs are added on the card of the provider, ours under Mail keys."
        data={[
          { value: 'none', label: 'Neither signed nor encrypted' },
          { value: 'sign', label: 'Signed' },
          { value: 'encrypt', label: 'Signed and encrypted' },
        ]}
        value={now.protect}
        allowDeselect={false}
        onChange={(value) => {
          const protect = value === 'sign' || value === 'encrypt' ? value : 'none'
          change({ ...now, protect, mustEncrypt: now.mustEncrypt && protect === 'encrypt' })
        }}
      />
      {now.protect !== 'none' && (
        <Select
          label="With"
          data={Object.entries(methodWords).map(([value, label]) => ({ value, label }))}
          value={now.method}
          allowDeselect={false}
          onChange={(value) => change({ ...now, method: value === 'openpgp' ? 'openpgp' : 'smime' })}
        />
      )}
      {now.protect === 'encrypt' && (
        <Switch
          checked={now.mustEncrypt}
          label="It must be encrypted: what cannot be is not sent"
          description="Off: without a key of theirs it is signed only, and the review says so."
          error={says('mail.mustEncrypt')}
          onChange={(event) => change({ ...now, mustEncrypt: event.currentTarget.checked })}
        />
      )}
    </>
  )
}
