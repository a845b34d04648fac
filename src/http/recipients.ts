import type { Provider } from '../model/provider.ts'

/** Why an address may receive an answer, in a sentence for the review page. */
export function domainsCover(address: string, provider: Provider): string {
  const mail = address.toLowerCase()
  if (provider.replyAddress?.toLowerCase() === mail) return `The reply address agreed with ${provider.name}.`
  if (provider.addresses.some((theirs) => theirs.toLowerCase() === mail)) return `A known address of ${provider.name}.`
  const host = mail.slice(mail.lastIndexOf('@') + 1)
  const domain = provider.domains.find(
    (theirs) => host === theirs.toLowerCase() || host.endsWith(`.${theirs.toLowerCase()}`),
  )
  if (domain !== undefined) return `At ${domain}, a domain of ${provider.name}.`
  return `Not among the addresses and domains of ${provider.name}: check before you release.`
}
