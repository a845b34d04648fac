import { Modal } from '@mantine/core'
import { useLocation, useNavigate } from '@tanstack/react-router'
import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from 'react'
import type { Permission } from '../../../src/contract/permissions.ts'
import { useMay } from '../me.ts'
import { searchKindWords } from '../words.ts'
import { HitLines, placeOf, useSearch, useSettled } from './hits.tsx'
import { keyActions, pressed } from './key-sheet.tsx'
import { Problem } from './states.tsx'

type Item = {
  readonly id: string
  readonly group: string
  readonly label: ReactNode
  readonly key?: string
  readonly run: () => void
}

/** Pages that can be gone to, and by which letters. */
const pages: readonly {
  readonly to: string
  readonly title: string
  readonly key?: string
  readonly needs?: Permission
}[] = [
  { to: '/queue', title: 'Queue', key: 'G Q' },
  { to: '/queue?tab=done', title: 'Queue: done today' },
  { to: '/search', title: 'Search', key: 'G F' },
  { to: '/quarantine', title: 'Quarantine', key: 'G U', needs: 'quarantine.see' },
  { to: '/x-ray', title: 'X-ray', key: 'G X', needs: 'xray.run' },
  { to: '/logs', title: 'Logs', key: 'G O', needs: 'logs.see' },
  { to: '/logs/hunt', title: 'Hunt for indicators in the logs', needs: 'logs.search' },
  { to: '/logs/sources', title: 'Log sources', needs: 'logs.see' },
  { to: '/context/assets', title: 'Assets', key: 'G C', needs: 'house.see' },
  { to: '/context/people', title: 'People', needs: 'house.see' },
  { to: '/context/networks', title: 'Networks', needs: 'house.see' },
  { to: '/context/calendar', title: 'Calendar', needs: 'house.see' },
  { to: '/context/vulnerabilities', title: 'Vulnerabilities', needs: 'house.see' },
  { to: '/context/intelligence', title: 'Intelligence', needs: 'house.see' },
  { to: '/context/expectations', title: 'Expectations: answers that are remembered' },
  { to: '/context/tuning', title: 'Tuning requests: asked, kept or lapsed' },
  { to: '/ledger', title: 'Ledger', key: 'G L', needs: 'ledger.see' },
  { to: '/settings/providers', title: 'Settings: providers', key: 'G S', needs: 'house.see' },
  { to: '/settings/connectors', title: 'Settings: connectors', needs: 'house.see' },
  { to: '/settings/readers', title: 'Settings: readers', needs: 'house.see' },
  { to: '/settings/playbooks', title: 'Settings: playbooks', needs: 'house.see' },
  { to: '/settings/users', title: 'Settings: people and roles', needs: 'user.manage' },
  { to: '/approvals', title: 'My approvals', key: 'G P', needs: 'approval.sign' },
  { to: '/handover', title: 'Shift handover', key: 'G H' },
  { to: '/ledger/left', title: 'What left', key: 'G W', needs: 'house.see' },
  { to: '/ledger/audit', title: 'Auditor’s room', key: 'G A', needs: 'ledger.see' },
  { to: '/start', title: 'First hour and sample data', needs: 'setting.change' },
  { to: '/settings/me', title: 'Settings: me, passkeys and sessions' },
]

/** A dialog takes so long to go; keys are quiet until it has. */
const dialogGoneMsMax = 5000

/** Presses a key of the page once this dialog has left it. */
function press(key: string): void {
  const began = performance.now()
  const go = (): void => {
    if (document.querySelector('[role="dialog"]') !== null && performance.now() - began < dialogGoneMsMax) {
      requestAnimationFrame(go)
      return
    }
    const event = pressed(key)
    if (event !== null) document.body.dispatchEvent(event)
  }
  go()
}

function useItems(
  q: string,
  close: () => void,
): { items: Item[]; waits: boolean; error: unknown; notes: readonly string[] } {
  const navigate = useNavigate()
  const may = useMay()
  const path = useLocation({ select: (location) => location.pathname })
  const settled = useSettled(q)
  const found = useSearch(settled, '', true)
  const asked = q.trim().toLowerCase()
  const fits = (title: string): boolean => asked.split(/\s+/).every((word) => title.toLowerCase().includes(word))
  const go = (href: string) => () => {
    close()
    if (href.startsWith('/api/')) window.location.assign(href)
    else void navigate(placeOf(href))
  }
  const actions = keyActions(path)
    .filter(({ says }) => fits(says))
    .map(({ key, says }): Item => {
      const run = (): void => {
        close()
        press(key)
      }
      return { id: `key-${key}`, group: 'On this page', label: says, key, run }
    })
  const ways = pages
    .filter((page) => (page.needs === undefined || may(page.needs)) && fits(`go to ${page.title}`))
    .map(
      (page): Item => ({
        id: `page-${page.to}`,
        group: 'Go to',
        label: page.title,
        ...(page.key === undefined ? {} : { key: page.key }),
        run: go(page.to),
      }),
    )
  const groups = asked === '' ? [] : (found.data?.groups ?? [])
  const hits = groups.flatMap((group) =>
    group.hits.map(
      (hit): Item => ({
        id: `${hit.kind}-${hit.id}`,
        group: searchKindWords[hit.kind],
        label: <HitLines hit={hit} />,
        run: go(hit.href),
      }),
    ),
  )
  const further: Item[] =
    asked === ''
      ? []
      : [
          {
            id: 'all',
            group: 'Further',
            label: `All results for “${q.trim()}”`,
            run: go(`/search?q=${encodeURIComponent(q.trim())}`),
          },
          ...(may('logs.search')
            ? [
                {
                  id: 'logs',
                  group: 'Further',
                  label: `Look for “${q.trim()}” in the logs`,
                  run: go(`/logs?q=${encodeURIComponent(q.trim())}`),
                },
              ]
            : []),
        ]
  const notes = [
    ...(found.data?.notes ?? []),
    ...groups
      .filter((group) => group.stopped)
      .map((group) => `${searchKindWords[group.kind]}: stopped after 2 s; say more to narrow it.`),
  ]
  return {
    items: [...actions, ...ways, ...hits, ...further],
    waits: asked !== '' && (found.isFetching || settled !== q),
    error: asked === '' ? null : found.error,
    notes,
  }
}

/** At once, before the next key: letters typed right after Ctrl-K are part of what is asked for. */
const focus = (box: HTMLInputElement | null): void => box?.focus()

/** Find anything, go anywhere, do what the page can: all by the keyboard. */
export default function Palette({ close }: { readonly close: () => void }) {
  const [q, setQ] = useState('')
  const [cursor, setCursor] = useState({ q: '', at: 0 })
  const list = useId()
  const { items, waits, error, notes } = useItems(q, close)
  const at = cursor.q === q ? Math.min(cursor.at, Math.max(0, items.length - 1)) : 0
  const active = items[at]
  const move = (by: number): void => setCursor({ q, at: (at + by + items.length) % Math.max(1, items.length) })
  const onKeyDown = (event: KeyboardEvent): void => {
    const keys: Record<string, () => void> = {
      ArrowDown: () => move(1),
      ArrowUp: () => move(-1),
      Home: () => setCursor({ q, at: 0 }),
      Enter: () => active?.run(),
    }
    const act = event.nativeEvent.isComposing ? undefined : keys[event.key]
    if (act === undefined || (event.key === 'Home' && q !== '')) return
    event.preventDefault()
    act()
  }
  return (
    <Modal
      opened
      onClose={close}
      withCloseButton={false}
      size="lg"
      padding={0}
      yOffset="10vh"
      transitionProps={{ duration: 0 }}
      aria-label="Find anything"
    >
      <input
        className="palette-box"
        data-autofocus
        ref={focus}
        value={q}
        onChange={(event) => setQ(event.currentTarget.value.slice(0, 500))}
        onKeyDown={onKeyDown}
        placeholder="An alert, a mail, an address, a person, a page, an action"
        aria-label="Find anything"
        role="combobox"
        aria-expanded="true"
        aria-controls={list}
        aria-autocomplete="list"
        aria-activedescendant={active === undefined ? undefined : `${list}-${at}`}
        autoComplete="off"
        spellCheck={false}
        dir="auto"
      />
      <List id={list} items={items} at={at} waits={waits} point={(to) => setCursor({ q, at: to })} />
      <div className="palette-foot dim" role="status">
        {error !== null ? (
          <Problem error={error} />
        ) : notes.length > 0 ? (
          notes.join(' ')
        ) : waits ? (
          'Looking…'
        ) : (
          '↑ ↓ to choose, Enter to open, Esc to leave. Fields: host: user: rule: from: ticket: before: after:'
        )}
      </div>
    </Modal>
  )
}

function List({
  id,
  items,
  at,
  waits,
  point,
}: {
  readonly id: string
  readonly items: readonly Item[]
  readonly at: number
  readonly waits: boolean
  readonly point: (to: number) => void
}) {
  const box = useRef<HTMLDivElement>(null)
  const chosen = items[at]?.id
  useEffect(() => {
    if (chosen !== undefined) box.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' })
  }, [chosen])
  return (
    <div
      className="palette-list"
      id={id}
      role="listbox"
      aria-label="What was found"
      ref={box}
      aria-busy={waits}
      tabIndex={-1}
    >
      {grouped(items).map(([group, members]) => (
        <div key={group} role="group" aria-label={group}>
          <div className="palette-group" aria-hidden="true">
            {group}
          </div>
          {members.map(({ item, index }) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the box above has the keys of the whole list
            <div
              key={item.id}
              id={`${id}-${index}`}
              role="option"
              tabIndex={-1}
              aria-selected={index === at}
              className="palette-item"
              onMouseMove={() => index !== at && point(index)}
              onClick={item.run}
            >
              <span className="grow">{item.label}</span>
              {item.key !== undefined && <kbd>{item.key}</kbd>}
            </div>
          ))}
        </div>
      ))}
    </div>
  )
}

function grouped(items: readonly Item[]): [string, { item: Item; index: number }[]][] {
  const groups = new Map<string, { item: Item; index: number }[]>()
  for (const [index, item] of items.entries()) {
    const before = groups.get(item.group)
    if (before === undefined) groups.set(item.group, [{ item, index }])
    else before.push({ item, index })
  }
  return [...groups]
}
