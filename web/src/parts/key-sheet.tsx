import { Modal } from '@mantine/core'
import { useLocation } from '@tanstack/react-router'

type Sheet = {
  readonly title: string
  /** Pages it is for; absent: all. */
  readonly at?: RegExp
  readonly keys: readonly (readonly [string, string])[]
}

const sheets: readonly Sheet[] = [
  {
    title: 'Everywhere',
    keys: [
      ['?', 'This sheet'],
      ['Ctrl+K', 'Find anything, go anywhere, do what the page can'],
      ['G F', 'Search'],
      ['G H', 'Shift handover'],
      ['G W', 'What left'],
      ['G A', 'Auditor’s room'],
      ['G P', 'My approvals'],
      ['G Q', 'Queue'],
      ['G T', 'Tickets'],
      ['G U', 'Quarantine'],
      ['G X', 'X-ray'],
      ['G O', 'Logs'],
      ['G C', 'Context'],
      ['G L', 'Ledger'],
      ['G S', 'Settings'],
      ['/', 'Filter'],
    ],
  },
  {
    title: 'Queue',
    at: /^\/queue/,
    keys: [
      ['J K', 'Down, up'],
      ['Enter', 'Open the alert'],
      ['Space', 'Look at it beside the list'],
      ['1 2 3 4', 'Decide: incident, minor trouble, false alarm, tune the rule'],
      ['Z', 'Undo, for eight seconds'],
      ['X', 'Select (Shift: up to here)'],
      ['A', 'Assign'],
      ['H', 'Snooze'],
      ['M U', 'Merge the selected into this one, unmerge'],
      ['E', 'Ask again what could not be looked at'],
      ['R', 'The reply'],
      ['F', 'Narrow by what there is'],
      ['B', 'Group by rule and machine; J K, Enter, 1 to 4, A, H then work on groups'],
      ['V', 'Saved views'],
      ['W', 'Review the expectation that runs out first'],
      ['[ ]', 'Tab to the left, to the right'],
      ['.', 'Show what arrived meanwhile'],
    ],
  },
  {
    title: 'Alert',
    at: /^\/alerts\//,
    keys: [
      ['1', 'Incident'],
      ['2', 'Minor trouble'],
      ['3', 'False alarm (again: the other kind)'],
      ['4', 'Tune the rule'],
      ['J K', 'Next, previous row of evidence, or place in a message'],
      ['C', 'Cite that row; on the ticket: write a comment'],
      ['P', 'Start from what is proposed, and write why'],
      ['M', 'Story or messages'],
      ['T', 'Ticket: clocks, tasks, comments'],
      ['R', 'Review the reply'],
      ['Shift+J Shift+K', 'Next, previous open alert'],
      ['0', 'Decide without evidence'],
      ['W', 'Write the reason (Esc leaves it, Ctrl+Enter decides)'],
      ['Z', 'Take the decision back'],
      ['A', 'Take the answer that is remembered; on the ticket: assign it'],
      ['E', 'Remember this answer'],
      ['I', 'On the ticket: I take it up'],
      ['X', 'On the ticket: close it, once it is resolved'],
      ['V', 'On the ticket: its history as recorded'],
    ],
  },
  {
    title: 'Reply',
    at: /^\/replies\//,
    keys: [
      ['Y', 'Redact'],
      ['N', 'Keep, with a reason'],
      ['S', 'Pseudonym'],
      ['Shift+Y', 'Redact all like this'],
      ['J K', 'Next, previous place'],
      ['U', 'First one not reviewed'],
      ['X', 'Take the file of this place out'],
      ['Shift+R', 'Release it'],
      ['Z', 'Take it back, while it is held'],
      ['A', 'Back to the alert'],
      ['T', 'Its ticket'],
    ],
  },
  {
    title: 'Ledger',
    at: /^\/ledger(\/audit)?$/,
    keys: [['V', 'Records as they stand, under their words']],
  },
  {
    title: 'My approvals',
    at: /^\/approvals$/,
    keys: [
      ['J K', 'Down, up'],
      ['Enter', 'Look and sign'],
    ],
  },
  {
    title: 'Logs',
    at: /^\/logs$/,
    keys: [
      ['/', 'The query'],
      ['J K', 'Down, up'],
      ['Enter', 'Open or close the line'],
      ['N', 'Show older ones'],
      ['← →', 'On the bars: move; with Shift extend, Enter zooms'],
    ],
  },
  {
    title: 'Search',
    at: /^\/search/,
    keys: [
      ['/', 'The words'],
      ['J K', 'Down, up'],
      ['Enter', 'Open'],
    ],
  },
]

/** What the keys of the page in view do, for the palette: one key each, which the palette then presses. */
export function keyActions(path: string): { key: string; says: string }[] {
  return sheets
    .filter((sheet) => sheet.at?.test(path) === true)
    .flatMap((sheet) => sheet.keys.flatMap(([key, says]) => (pressed(key) === null ? [] : [{ key, says }])))
}

/** The event a key of a sheet stands for; null for pairs and for those that need somebody to look at the page. */
export function pressed(key: string): KeyboardEvent | null {
  const shift = key.startsWith('Shift+')
  const sign = shift ? key.slice('Shift+'.length) : key
  if ([...sign].length !== 1 || !/[A-Z0-9./[\]]/.test(sign)) return null
  return new KeyboardEvent('keydown', {
    key: shift ? sign : sign.toLowerCase(),
    shiftKey: shift,
    bubbles: true,
    cancelable: true,
  })
}

/** Keys of the page in view first, then those of everywhere, then of the other pages. */
function inOrder(path: string): readonly Sheet[] {
  const rank = (sheet: Sheet): number => (sheet.at === undefined ? 1 : sheet.at.test(path) ? 0 : 2)
  return sheets.toSorted((a, b) => rank(a) - rank(b))
}

export function KeySheet({ opened, close }: { readonly opened: boolean; readonly close: () => void }) {
  const path = useLocation({ select: (location) => location.pathname })
  return (
    <Modal opened={opened} onClose={close} title="Keyboard" size="lg" closeButtonProps={{ 'aria-label': 'Close' }}>
      <div className="key-sheet">
        {inOrder(path).map((sheet) => (
          <section key={sheet.title}>
            <h2 className="section-title">
              {sheet.title}
              {sheet.at?.test(path) === true && <span className="tag accent">this page</span>}
            </h2>
            <dl>
              {sheet.keys.map(([key, says]) => (
                <div key={key}>
                  <dt>
                    {key.split(' ').map((one) => (
                      <kbd key={one}>{one}</kbd>
                    ))}
                  </dt>
                  <dd>{says}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Modal>
  )
}
