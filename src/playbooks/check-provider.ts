import { isDomain } from '../kit/domain.ts'
import { Trouble } from '../kit/errors.ts'
import { isRange } from '../kit/ip-ranges.ts'
import { ownDeskId, type Provider } from '../model/provider.ts'
import { unknownProvider } from './place-message.ts'

/** What a provider's settings must not say: they decide whom we believe. Throws Trouble('input.invalid') with the fields. */
export function checkProvider(provider: Provider, id: string, formats: readonly string[]): void {
  const fields: Record<string, string> = {}
  if (provider.id !== id) fields['id'] = 'The id of a provider stays as it is'
  if (!formats.includes(provider.format)) fields['format'] = 'There is no such format'
  const badRange = provider.sourceRanges.find((range) => !isRange(range))
  if (badRange !== undefined) fields['sourceRanges'] = `${badRange} is no address range such as 192.0.2.0/24`
  if (provider.id === unknownProvider) fields['id'] = 'This id is for messages of nobody we know'
  if (provider.id === ownDeskId && provider.addresses.length + provider.domains.length > 0)
    fields['addresses'] = 'Our own desk has no mail that could come from outside'
  const badDomain = provider.domains.find((domain) => !isDomain(domain))
  if (badDomain !== undefined) fields['domains'] = `${badDomain} is no domain`
  const badRecipient = provider.sharing?.recipientDomains.find((domain) => !isDomain(domain))
  if (badRecipient !== undefined) fields['sharing.recipientDomains'] = `${badRecipient} is no domain`
  const badSealer = provider.trustedSealers.find((domain) => !isDomain(domain))
  if (badSealer !== undefined) fields['trustedSealers'] = `${badSealer} is no domain`
  const badAddress = [...provider.addresses, ...(provider.replyAddress === null ? [] : [provider.replyAddress])].find(
    (address) => !/^[^\s@<>,;"\p{Cc}]{1,64}@[^\s@<>,;"\p{Cc}]{3,253}$/u.test(address),
  )
  if (badAddress !== undefined) fields['addresses'] = `${badAddress} is no mail address`
  if (provider.mail?.mustEncrypt === true && provider.mail.protect !== 'encrypt')
    fields['mail.mustEncrypt'] = 'What must be encrypted has to be signed and encrypted: choose that'
  if (Object.keys(fields).length > 0) throw new Trouble('input.invalid', { fields })
}
