import { getMessage, type Message, rawOf } from '../db/messages.ts'
import { type Db, transaction } from '../db/open.ts'
import { providerById } from '../db/providers.ts'
import { listTaughtReaders, messagesOfSender, saveTaughtReader, taughtReadersMax } from '../db/readers.ts'
import type { Clock } from '../kit/clock.ts'
import { sha256Hex } from '../kit/digest.ts'
import { Trouble } from '../kit/errors.ts'
import type { Issue } from '../kit/yaml-document.ts'
import { append } from '../ledger/append.ts'
import type { Field, Reading } from '../model/alert.ts'
import type { Letter } from '../model/letter.ts'
import type { Provider } from '../model/provider.ts'
import type { ReaderDescription, ReadField } from '../model/reader.ts'
import type { FieldProblem, MarkedPlace, ReaderTest, TeachPage, TriedRow } from '../model/teaching.ts'
import { type Matter, matterOf } from '../providers/matter.ts'
import { letterOfJson, readMatter } from '../providers/read.ts'
import { checkReader, readerYaml } from '../providers/reader-file.ts'
import { deriveReader, type Tried, tryReader } from '../providers/teach.ts'

/** Messages of the sender that a reader is tested on. */
const testedMax = 50
/** Characters of all of them together: some two seconds of reading at the very worst, while everybody waits. */
const testedCharactersMax = 1_500_000
const shownCharactersMax = 300

type Laid = { readonly id: string; readonly receivedAt: string; readonly matter: Matter }
type Teaching = { readonly message: Message; readonly letter: Letter; readonly provider: Provider | null }

/** The message with its letter. Trouble('not.found') where there is none, or nothing in it that could be marked. */
async function teachingOf(db: Db, messageId: string): Promise<Teaching> {
  const message = await getMessage(db, messageId)
  if (message === null) throw new Trouble('not.found')
  const raw = message.form === 'json' ? await rawOf(db, messageId) : null
  const letter = raw === null ? message.letter : letterOfJson(new TextDecoder().decode(raw.bytes))
  if (letter === null) throw new Trouble('not.found', { messageId, problem: 'it could not be parsed' })
  const providerId = message.providerId ?? message.doorProviderId
  return { message, letter, provider: providerId === null ? null : await providerById(db, providerId) }
}

function laid({ message, letter, provider }: Teaching): Laid {
  const { id, receivedAt } = message
  return { id, receivedAt, matter: matterOf(letter, { provider, receivedAt }) }
}

const charactersOf = (letter: Letter): number => letter.parts.reduce((sum, part) => sum + part.text.length, 0)

/** The last messages of the sender besides this one, laid out, and how many of them were too much. */
async function othersOf(
  db: Db,
  teaching: Teaching,
): Promise<{ readonly others: readonly Laid[]; readonly left: number }> {
  const { message, provider } = teaching
  const found = (await messagesOfSender(db, message, testedMax)).filter(({ id }) => id !== message.id)
  const others: Laid[] = []
  let characters = 0
  for (const { id, receivedAt, letter: kept, posted } of found.slice(0, testedMax - 1)) {
    const letter = kept ?? (posted === null ? null : letterOfJson(posted))
    characters += letter === null ? 0 : charactersOf(letter)
    if (letter === null || characters > testedCharactersMax) continue
    others.push({ id, receivedAt, matter: matterOf(letter, { provider, receivedAt }) })
  }
  return { others, left: Math.min(found.length, testedMax - 1) - others.length }
}

const asReadField: readonly (readonly [ReadField, (reading: Reading) => Field | null])[] = [
  ['ticket', (one) => one.ticket],
  ['rule', (one) => one.rule],
  ['severity', (one) => one.severityText],
  ['status', (one) => one.status],
  ['host', (one) => one.host],
  ['account', (one) => one.account],
  ['source', (one) => one.source],
  ['destination', (one) => one.destination],
  ['portal', (one) => one.portalUrl],
]

/** What the page shows: the texts, what is read today, and where. */
export async function teachPage(db: Db, messageId: string): Promise<TeachPage> {
  const teaching = await teachingOf(db, messageId)
  const { message, letter, provider } = teaching
  const reading = message.reading ?? readMatter(laid(teaching).matter)
  const from = letter.from?.address ?? null
  const name = provider?.name ?? letter.from?.name ?? from ?? 'posts'
  const id = `${(provider?.id ?? name).toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}-taught`.replace(/^-+/, '')
  return {
    id: message.id,
    subject: letter.subject,
    from,
    provider: provider?.name ?? null,
    receivedAt: message.receivedAt,
    quarantined: message.state === 'quarantined',
    parts: letter.parts.filter((part) => part.text !== ''),
    reader: message.reading?.reader ?? null,
    marks: asReadField.flatMap(([field, of]) => {
      const found = of(reading)
      return found?.span == null ? [] : [{ field, ...found.span }]
    }),
    suggested: { id: id.slice(0, 60), title: `${name}, taught` },
    taught: (await listTaughtReaders(db)).map((one) => one.id),
  }
}

function rowOf({ id, receivedAt, matter }: Laid, tried: Tried): TriedRow {
  return {
    messageId: id,
    subject: matter.letter.subject.slice(0, shownCharactersMax),
    receivedAt,
    green: tried.green,
    own: tried.own,
    fields: (Object.entries(tried.fields) as [ReadField, Field][]).map(([field, { value }]) => ({
      field,
      value: value.slice(0, shownCharactersMax),
    })),
    why: tried.why.map(({ field, why }) => ({ field, why: why.slice(0, shownCharactersMax) })),
  }
}

function testOn(
  description: ReaderDescription,
  here: Laid,
  { others, left }: { readonly others: readonly Laid[]; readonly left: number },
): ReaderTest {
  const rows = [here, ...others].map((one) => rowOf(one, tryReader(description, one.matter)))
  return {
    green: rows.filter(({ green }) => green).length,
    of: rows.length,
    left,
    here: rows[0] as TriedRow,
    rows: rows.toSorted((a, b) => Number(a.green) + Number(a.own) - Number(b.green) - Number(b.own)),
  }
}

/** Makes a reader of marks and tests it. Keeps nothing. */
export async function teach(
  db: Db,
  messageId: string,
  given: { readonly id: string; readonly title: string; readonly marks: readonly MarkedPlace[] },
): Promise<{ yaml: string; problems: FieldProblem[]; test: ReaderTest }> {
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(given.id))
    throw new Trouble('input.invalid', { fields: { id: 'lower-case letters, digits and dashes' } })
  const teaching = await teachingOf(db, messageId)
  const here = laid(teaching)
  const rest = await othersOf(db, teaching)
  const sender = teaching.letter.from?.address ?? null
  const { description, problems } = deriveReader(
    here.matter,
    given.marks,
    rest.others.map(({ matter }) => matter),
    {
      ...{ id: given.id, title: given.title, from: sender === null ? [] : [sender.toLowerCase()] },
      provider: sender === null ? (teaching.provider?.id ?? null) : null,
    },
  )
  return { yaml: readerYaml(description), problems: [...problems], test: testOn(description, here, rest) }
}

/** Checks YAML and tests it on the messages of a sender. Keeps nothing. */
export async function testYaml(
  db: Db,
  messageId: string,
  yaml: string,
): Promise<{ issues: Issue[]; test: ReaderTest | null }> {
  const teaching = await teachingOf(db, messageId)
  const checked = checkReader(yaml)
  if (!checked.ok) return { issues: [...checked.issues], test: null }
  return { issues: [], test: testOn(checked.description, laid(teaching), await othersOf(db, teaching)) }
}

/**
 * Keeps a reader, with its ledger line. It reads what comes from then on, and starts nothing by itself. Throws Trouble('input.invalid')
 * for YAML that is none, 'state.conflict' when somebody was faster.
 */
export async function keepReader(
  house: { readonly db: Db; readonly clock: Clock },
  given: { readonly id: string; readonly yaml: string; readonly switchedOn: boolean; readonly version: number },
  by: string,
): Promise<number> {
  const checked = checkReader(given.yaml)
  if (!checked.ok) {
    const [first] = checked.issues
    const says = first === undefined ? 'This is no reader' : `line ${first.line}: ${first.problem}`
    throw new Trouble('input.invalid', { fields: { yaml: says } })
  }
  const { description } = checked
  if (description.id !== given.id)
    throw new Trouble('input.invalid', { fields: { yaml: `its id must be ${given.id}` } })
  const { yaml, switchedOn, version } = given
  return transaction(house.db, async (tx) => {
    const saved = await saveTaughtReader(tx, { description, yaml, switchedOn, version, by }, house.clock.now())
    if (saved === null) throw new Trouble('state.conflict', { reader: given.id, most: taughtReadersMax })
    const body = { version: saved, switchedOn, sha256: sha256Hex(yaml) }
    await append(tx, { kind: 'reader.changed', actor: by, subject: `reader:${given.id}`, body }, house.clock)
    return saved
  })
}
