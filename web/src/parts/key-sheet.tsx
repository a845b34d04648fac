import { Modal } from '@mantine/core'

const sheets: readonly { readonly title: string; readonly keys: readonly (readonly [string, string])[] }[] = [
  {
    title: 'Everywhere',
    keys: [
      ['?', 'This sheet'],
      ['G Q', 'Queue'],
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
    keys: [
      ['J K', 'Down, up'],
      ['Enter', 'Open the alert'],
      ['[ ]', 'Tab to the left, to the right'],
      ['.', 'Show what arrived meanwhile'],
    ],
  },
  {
    title: 'Alert',
    keys: [
      ['1', 'Incident'],
      ['2', 'Minor trouble'],
      ['3', 'False alarm (again: the other kind)'],
      ['4', 'Tune the rule'],
      ['C', 'Cite the evidence row with the focus'],
      ['M', 'Story or messages'],
      ['R', 'Review the reply'],
      ['J K', 'Next, previous open alert'],
    ],
  },
  {
    title: 'Reply',
    keys: [
      ['Y', 'Redact'],
      ['N', 'Keep, with a reason'],
      ['S', 'Pseudonym'],
      ['Shift+Y', 'Redact all like this'],
      ['J K', 'Next, previous place'],
      ['U', 'First one not reviewed'],
    ],
  },
  {
    title: 'Logs',
    keys: [
      ['/', 'The query'],
      ['J K', 'Down, up'],
      ['Enter', 'Open or close the line'],
      ['N', 'Show older ones'],
      ['← →', 'On the bars: move; with Shift extend, Enter zooms'],
    ],
  },
]

export function KeySheet({ opened, close }: { readonly opened: boolean; readonly close: () => void }) {
  return (
    <Modal opened={opened} onClose={close} title="Keyboard" size="lg" closeButtonProps={{ 'aria-label': 'Close' }}>
      <div className="key-sheet">
        {sheets.map((sheet) => (
          <section key={sheet.title}>
            <h2 className="section-title">{sheet.title}</h2>
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
