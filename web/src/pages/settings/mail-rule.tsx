import { Select, Switch } from '@mantine/core'
import type { MailRule } from '../../../../src/model/mail-key.ts'

const none: MailRule = { protect: 'none', method: 'smime', mustEncrypt: false }

/** In a few words, for the card of a provider. */
export function ruleWords(rule: MailRule | undefined): string {
  if (rule === undefined || rule.protect === 'none') return 'neither signed nor encrypted'
  if (rule.protect === 'sign') return 'signed (S/MIME)'
  return rule.mustEncrypt
    ? 'signed and encrypted (S/MIME), or not sent'
    : 'signed (S/MIME), and encrypted where their certificate is here'
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
        description="With S/MIME. Certificates are added on the card of the provider, ours under Mail keys."
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
      {now.protect === 'encrypt' && (
        <Switch
          checked={now.mustEncrypt}
          label="It must be encrypted: what cannot be is not sent"
          description="Off: without a certificate of theirs it is signed only, and the review says so."
          error={says('mail.mustEncrypt')}
          onChange={(event) => change({ ...now, mustEncrypt: event.currentTarget.checked })}
        />
      )}
    </>
  )
}
