import { type Found, placesOf } from './found.ts'

type Pattern = { readonly pattern: RegExp; readonly what: string; readonly confidence: number }

/** Shapes that vendors publish for secret scanning. All bounded, so that none looks further than it must. */
// biome-ignore format: a table reads better in few lines
const shapes: readonly Pattern[] = [
  { what: 'A JSON web token', confidence: 0.97, pattern: /\beyJ[\w-]{8,2000}\.[\w-]{8,4000}(?:\.[\w-]{0,1000})?/g },
  { what: 'An AWS access key id', confidence: 0.95, pattern: /\b(?:AKIA|ASIA|AROA|AIDA|ABIA|ACCA)[A-Z0-9]{16}\b/g },
  { what: 'A GitHub token', confidence: 0.99, pattern: /\b(?:gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_[A-Za-z0-9_]{50,255})/g },
  { what: 'A GitLab token', confidence: 0.99, pattern: /\bgl(?:pat|ptt|rt|dt|cbt|oas|soat|ffct|agent)-[\w-]{20,255}/g },
  { what: 'A Slack token', confidence: 0.99, pattern: /\bxox[abeoprs](?:\.xox[abp])?-[A-Za-z0-9-]{10,255}/g },
  { what: 'A web hook address: who knows it may post', confidence: 0.97, pattern: /\bhttps:\/\/(?:hooks\.slack\.com\/(?:services|workflows)\/|[\w.-]{1,100}\.webhook\.office\.com\/webhookb2\/|discord(?:app)?\.com\/api\/webhooks\/)[\w/@.-]{10,300}/g },
  { what: 'An Azure client secret', confidence: 0.95, pattern: /\b[A-Za-z0-9_~.-]{3}\dQ~[A-Za-z0-9_~.-]{31,34}/g },
  { what: 'An Azure storage or service key', confidence: 0.98, pattern: /\b(?:AccountKey|SharedAccessKey)=(?<it>[A-Za-z0-9+/]{20,100}={0,2})/g },
  { what: 'A shared access signature', confidence: 0.95, pattern: /[?&;](?:sig|X-Amz-Signature|X-Amz-Security-Token)=(?<it>[A-Za-z0-9%+/_=-]{16,2000})/g },
  { what: 'A Google API key', confidence: 0.97, pattern: /\bAIza[\w-]{35}/g },
  { what: 'A Google OAuth secret or token', confidence: 0.97, pattern: /\b(?:GOCSPX-[\w-]{20,60}|ya29\.[\w-]{20,500})/g },
  { what: 'A payment provider\'s key', confidence: 0.98, pattern: /\b(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,255}/g },
  { what: 'A package registry token', confidence: 0.98, pattern: /\b(?:npm_[A-Za-z0-9]{36}|pypi-[\w-]{50,500})/g },
  { what: 'An API key', confidence: 0.95, pattern: /\b(?:sk-(?:ant-|proj-)?[\w-]{20,255}|SG\.[\w-]{16,64}\.[\w-]{16,64}|hv[sb]\.[\w-]{20,255}|dop_v1_[a-f0-9]{64})/g },
  { what: 'A password in a link', confidence: 0.97, pattern: /:\/\/[^\s/:@]{0,100}:(?<it>[^\s/@]{1,200})@/g },
  { what: 'A pair of LM and NT hashes', confidence: 0.97, pattern: /\b[0-9a-f]{32}:[0-9a-f]{32}\b/gi },
  { what: 'A password hash', confidence: 0.97, pattern: /\$(?:2[abxy]|argon2id?|argon2i|[156]|y|krb5\w{1,12})\$[\w./$,=+*@-]{12,2000}/g },
  { what: 'Credentials of a request', confidence: 0.95, pattern: /\b(?:authorization\s{0,3}:\s{0,3})?(?:bearer|basic)\s{1,3}(?<it>[\w.~+/-]{12,4000}={0,2})/gi },
  { what: 'A session', confidence: 0.9, pattern: /\b(?:JSESSIONID|PHPSESSID|ASP\.NET_SessionId|session(?:_?id)?|sid)=(?<it>[\w%.+/-]{8,500})/gi },
]

/** "password: x", "Passwort = x", "the PIN is x". The value ends at white space or a quote. */
const label = String.raw`(?:pass(?:word|wd|phrase|code)?|pwd|kennwort|passwort|kenncode|mot de passe|contraseña|wachtwoord|hasło|parola d'ordine|pin|puk|secret|geheimnis|client[ _-]?secret|api[ _-]?key|access[ _-]?key|secret[ _-]?(?:access[ _-]?)?key|private[ _-]?key|auth[ _-]?token|access[ _-]?token|refresh[ _-]?token|token|credentials?|zugangsdaten|otp|one[ -]time[ -](?:code|password)|recovery[ _-]?(?:key|code)|bitlocker(?:[ _-]?key)?|psk|community(?: string)?)`
const labelled = new RegExp(
  String.raw`(?<![\p{L}\p{N}])${label}(?:["']?\s{0,3}(?:[:=]|=>)\s{0,3}|\s{1,3}(?:is|was|ist|war|lautet|lautete|est|es|era|è|jest|to)(?:\s{1,3}(?:now |jetzt |: ?)?|:\s{0,3}))["'\x60„“”]?(?<it>[^\s"'\x60„“”<>]{3,500})`,
  'giu',
)
/** What follows a label and is no secret: "Password: reset by the user", "token: expired". */
const sayings =
  /^(?:reset|changed?|expired?|rotated?|revoked|unknown|none|null|empty|n\/a|not|no|yes|never|compromised|leaked|weak|strong|used|taken|seen|found|logged|sent|shown|set|needed|issued|created|requested|required|missing|invalid|valid|wrong|correct|disabled|enabled|stolen|spray(?:ing)?|the|a|an|was|is|has|and|or|of|by|for|to|that|this|still|also|only|very|being|zurückgesetzt|geändert|abgelaufen|unbekannt|keine?|nicht|der|die|das|ein|eine|wurde|noch|\[redacted:?)[.,;:!]*$/i

function findLabelled(text: string): Found[] {
  return placesOf(text, labelled, (_match, value) =>
    sayings.test(value) ? null : { class: 'secret', reason: 'Named as a secret', confidence: 0.9 },
  )
    .map((place) => ({
      ...place,
      end: place.end - (/[.,;:!?)]+$/.exec(text.slice(place.start, place.end))?.[0].length ?? 0),
    }))
    .filter((place) => place.end > place.start)
}

/** From BEGIN to END, or to the last line that looks like base64 where END is missing (a cut quotation). */
function findKeyBlocks(text: string): Found[] {
  const found: Found[] = []
  const begin = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g
  for (let match = begin.exec(text); match !== null; match = begin.exec(text)) {
    const close = text.indexOf('-----END', begin.lastIndex)
    const lineEnd = close === -1 ? -1 : text.indexOf('-----', close + 8)
    const end = lineEnd === -1 ? endOfBase64(text, begin.lastIndex) : lineEnd + 5
    found.push({ start: match.index, end, class: 'secret', reason: 'A private key', confidence: 1 })
    begin.lastIndex = end
  }
  return found
}

function endOfBase64(text: string, from: number): number {
  const rest = /(?:[A-Za-z0-9+/=\s>|-]|(?:Proc-Type|DEK-Info|Comment|Version): [^\n]{0,200})*/y
  rest.lastIndex = from
  return from + (rest.exec(text)?.[0].length ?? 0)
}

/** Bits for each character, by the frequencies in the word itself. Random base64 of 32 characters has about 4.6. */
export function entropyOf(word: string): number {
  const counts = new Map<string, number>()
  for (const unit of word) counts.set(unit, (counts.get(unit) ?? 0) + 1)
  let bits = 0
  for (const count of counts.values()) bits -= (count / word.length) * Math.log2(count / word.length)
  return bits
}

const longWord = /[A-Za-z0-9+/_=.~-]{20,500}/g
const near = /(?:key|token|secret|passw|kennw|credential|auth|signature|schlüssel|geheim)/i
const digest = /^(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})$/i
const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Words that look random. A file's hash or an id is one too, so those count only when the words before speak of a key. */
function findRandomWords(text: string): Found[] {
  return placesOf(text, longWord, (match) => {
    const word = match[0].replace(/[.=]+$/, '')
    const before = text.slice(Math.max(0, match.index - 40), match.index)
    const named = near.test(before)
    if ((digest.test(word) || guid.test(word)) && !named) return null
    if (word.length < 20 || !/\d/.test(word) || !/[A-Za-z]/.test(word) || /^[\w-]+(?:\.[\w-]+)+$/.test(word))
      return null
    const mixed = /[a-z]/.test(word) && /[A-Z]/.test(word)
    const bits = entropyOf(word)
    if (named && bits >= 3.2)
      return { class: 'secret', reason: 'Looks random, and the words before it speak of a key', confidence: 0.8 }
    return mixed && word.length >= 32 && bits >= 4.3 && !word.includes('/')
      ? { class: 'secret', reason: 'Looks random, as keys do', confidence: 0.5 }
      : null
  })
}

export function findSecrets(text: string): Found[] {
  const bySize = shapes.flatMap(({ pattern, what, confidence }) =>
    placesOf(text, pattern, () => ({ class: 'secret', reason: what, confidence })),
  )
  return [...findKeyBlocks(text), ...bySize, ...findLabelled(text), ...findRandomWords(text)]
}
