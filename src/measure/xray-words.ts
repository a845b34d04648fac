import type { Xray } from '../model/xray.ts'

/** "42 min", "5.3 h", "2.1 days"; a dash where nothing was measured. */
export function duration(minutes: number | null): string {
  if (minutes === null) return '–'
  if (minutes < 90) return `${Math.round(minutes)} min`
  if (minutes < 48 * 60) return `${(minutes / 60).toFixed(1)} h`
  return `${(minutes / 1440).toFixed(1)} days`
}

export function percent(share: number | null): string {
  if (share === null) return '–'
  const value = share * 100
  return `${value > 0 && value < 10 ? value.toFixed(1) : Math.round(value)} %`
}

export function day(iso: string | null): string {
  return iso === null ? 'an unknown day' : iso.slice(0, 10)
}

export function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString('en')} ${number === 1 ? one : many}`
}

/** Alerts that asked what had been asked before: all but the first of each. */
export function askedAgain(xray: Xray): number {
  return xray.repeated.reduce((sum, { times }) => sum + times - 1, 0)
}

/** What a manager should remember of it. */
export function headline(xray: Xray): string {
  if (xray.alerts === 0) return `No alert was found in ${count(xray.messages.in, 'message')}.`
  const again = askedAgain(xray)
  const names = xray.providers.map(({ name }) => name)
  const from = names.length > 3 ? `${names.slice(0, 2).join(', ')} and ${names.length - 2} more` : names.join(', ')
  const evidence =
    xray.evidence.fidelity === null
      ? ''
      : `, with ${percent(xray.evidence.fidelity)} of the evidence that a decision needs`
  const asked =
    again === 0
      ? 'None of them asked what had been asked before.'
      : `${count(again, 'of them', 'of them')} (${percent(again / xray.alerts)}) asked what had been asked before.`
  return `${from === '' ? 'Your provider' : from} sent ${count(xray.alerts, 'alert')} from ${day(xray.from)} to ${day(xray.to)}${evidence}. ${asked}`
}
