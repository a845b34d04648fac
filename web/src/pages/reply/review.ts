import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useLayoutEffect, useRef, useState } from 'react'
import type { ReplyFileShown, ReplyPage } from '../../../../src/contract/answer.ts'
import type { SensitiveSpan } from '../../../../src/model/reply.ts'
import { call } from '../../api.ts'
import { useMay } from '../../me.ts'
import { useKeys } from '../../parts/keys.ts'
import { say } from '../../parts/toast.tsx'

export type Review = ReturnType<typeof useReview>

/** Riskiest first is the order of the navigator: secrets and people before paths; the surer detector first. */
const riskOf: Record<SensitiveSpan['class'], number> = {
  secret: 0,
  intelligence: 0.5,
  health: 1,
  hr: 2,
  personal: 3,
  picture: 3.5,
  person: 4,
  account: 5,
  'internal-url': 6,
  'internal-address': 7,
  host: 8,
  path: 9,
}

/** Classes that a pseudonym can stand for; of the others even that says too much (playbooks/replies/review-reply.ts decides). */
export const hasPseudonym: Readonly<Record<SensitiveSpan['class'], boolean>> = {
  person: true, account: true, host: true, 'internal-address': true, 'internal-url': true, path: true,
  secret: false, intelligence: false, health: false, hr: false, personal: false, picture: false,
} // biome-ignore format: two lines

/** A place in a file: of which, and with the words around it. */
export type Place = SensitiveSpan & {
  readonly file?: ReplyFileShown
  readonly before?: string
  readonly after?: string
  /** Of a file that cannot be changed here: it is kept, or the file is taken out. */
  readonly isFixed?: boolean
}

const placesOf = (page: ReplyPage): Place[] => [
  ...page.reply.spans,
  ...page.files.flatMap((file) => [
    ...file.nameSpans.map((span) => ({ ...span, file })),
    ...file.spans.map((span) => ({ ...span, file, isFixed: !file.isPlain || span.class === 'picture' })),
  ]),
]

type Said = {
  readonly span: Place
  readonly verdict: SensitiveSpan['verdict']
  readonly keepReason: string | null
  readonly alike: boolean
}

const isMeant = (span: Place, said: Said): boolean =>
  span.id === said.span.id ||
  (said.alike && span.isFixed !== true && span.text === said.span.text && span.class === said.span.class)

function withVerdict(page: ReplyPage, said: Said): ReplyPage {
  const withSaid = <S extends SensitiveSpan>(span: S, isFixed = false): S =>
    isMeant({ ...span, isFixed }, said) ? { ...span, verdict: said.verdict, keepReason: said.keepReason } : span
  const files = page.files.map((file) => ({
    ...file,
    nameSpans: file.nameSpans.map((span) => withSaid(span)),
    spans: file.spans.map((span) => withSaid(span, !file.isPlain || span.class === 'picture')),
  }))
  return { ...page, files, reply: { ...page.reply, spans: page.reply.spans.map((span) => withSaid(span)) } }
}

/** Going through the sensitive places one by one, by keyboard. */
export function useReview(page: ReplyPage) {
  const { reply, blocked, first } = page
  const client = useQueryClient()
  const may = useMay()
  const spans = placesOf(page).sort(
    (a, b) => riskOf[a.class] - riskOf[b.class] || b.confidence - a.confidence || a.start - b.start,
  )
  const [currentId, setCurrent] = useState<string | null>(null)
  const [asksReason, setAsksReason] = useState(false)
  const open = spans.filter((span) => span.verdict === null)
  const current = spans.find((span) => span.id === currentId) ?? open[0] ?? spans[0] ?? null
  const version = useRef(reply.version)
  useLayoutEffect(() => {
    version.current = Math.max(version.current, reply.version)
  }, [reply.version])

  const judge = useMutation({
    mutationKey: ['review', reply.id],
    mutationFn: (said: Said) =>
      call('POST /api/replies/:id/spans', {
        params: { id: reply.id },
        body: {
          spanId: said.span.id,
          verdict: said.verdict,
          keepReason: said.keepReason,
          alike: said.alike,
          version: version.current,
        },
      }),
    // One verdict after the other: each carries the version that the one before gave.
    scope: { id: `review-${reply.id}` },
    onSuccess: (done) => {
      version.current = Math.max(version.current, done.version)
    },
    onSettled: async () => {
      if (client.isMutating({ mutationKey: ['review', reply.id] }) > 1) return
      await Promise.all([
        client.invalidateQueries({ queryKey: ['reply', reply.id] }),
        client.invalidateQueries({ queryKey: ['preview', reply.id] }),
      ])
    },
  })
  const takeOut = useMutation({
    mutationFn: (file: string) =>
      call('POST /api/replies/:id/files/:file/take-out', {
        params: { id: reply.id, file },
        body: { version: version.current },
      }),
    scope: { id: `review-${reply.id}` },
    onSuccess: (done) => {
      version.current = Math.max(version.current, done.version)
      say('The file is taken out.')
    },
    onSettled: async () => {
      await Promise.all([
        client.invalidateQueries({ queryKey: ['reply', reply.id] }),
        client.invalidateQueries({ queryKey: ['preview', reply.id] }),
      ])
    },
  })
  const editable = reply.state === 'draft' && first === null && may('reply.write')
  const give = (verdict: SensitiveSpan['verdict'], options: { keepReason?: string; alike?: boolean } = {}) => {
    if (current === null || !editable) return
    if (current.isFixed === true && verdict !== 'keep')
      return say('This file cannot be changed here: keep it with a reason (N), or take the file out (X).')
    const said: Said = { span: current, verdict, keepReason: options.keepReason ?? null, alike: options.alike ?? false }
    // Shown at once, so that nobody waits between two keys; what the server says comes after the last of them.
    void client.cancelQueries({ queryKey: ['reply', reply.id] })
    client.setQueryData<ReplyPage>(['reply', reply.id], (page) => page && withVerdict(page, said))
    judge.mutate(said)
    setAsksReason(false)
    const next = open.find((span) => !isMeant(span, said))
    setCurrent(next?.id ?? current.id)
  }
  const step = (by: number) => {
    const at = current === null ? -1 : spans.findIndex((span) => span.id === current.id)
    setCurrent(spans[Math.min(spans.length - 1, Math.max(0, at + by))]?.id ?? null)
    setAsksReason(false)
  }
  useKeys(
    editable
      ? {
          y: () => give('redact'),
          'shift+Y': () => give('redact', { alike: true }),
          x: () => current?.file !== undefined && takeOut.mutate(current.file.id),
          s: () =>
            current !== null && hasPseudonym[current.class]
              ? give('pseudonym')
              : say('No pseudonym stands for this: redact it (Y), or keep it with a reason (N).'),
          n: () => setAsksReason(current !== null && blocked[current.id] === undefined),
          p: () => step(-1),
          j: () => step(1),
          k: () => step(-1),
          ArrowDown: () => step(1),
          ArrowUp: () => step(-1),
          u: () => setCurrent(open[0]?.id ?? null),
        }
      : {},
  )
  return {
    spans,
    open,
    current,
    editable,
    judge,
    takeOut,
    give,
    asksReason,
    setAsksReason,
    select: (id: string) => {
      setCurrent(id)
      setAsksReason(false)
    },
    version: () => version.current,
    jump: () => setCurrent(open[0]?.id ?? null),
  }
}
