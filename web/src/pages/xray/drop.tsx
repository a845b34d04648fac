import { Button } from '@mantine/core'
import { useRef, useState } from 'react'
import { XrayIcon } from '../../parts/icons.tsx'
import { filesOfDrop } from './send-folder.ts'

export function Drop({
  take,
  fail,
}: {
  readonly take: (files: readonly File[]) => void
  readonly fail: (error: unknown) => void
}) {
  const [over, setOver] = useState(false)
  const folder = useRef<HTMLInputElement>(null)
  const files = useRef<HTMLInputElement>(null)
  const chosen = (input: HTMLInputElement) => {
    take([...(input.files ?? [])])
    input.value = ''
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is a second way; the buttons are the first
    <div
      className={over ? 'card drop over' : 'card drop'}
      onDragOver={(event) => {
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault()
        setOver(false)
        filesOfDrop(event.dataTransfer.items).then(take, fail)
      }}
    >
      <XrayIcon size={32} />
      <strong>Drop a folder of old provider mail here</strong>
      <span className="dim">.eml, .mbox, .msg or Maildir; a folder exported from Outlook or Thunderbird will do</span>
      <div className="row wrap">
        <Button onClick={() => folder.current?.click()}>Choose a folder</Button>
        <Button variant="default" onClick={() => files.current?.click()}>
          Choose files
        </Button>
      </div>
      <ul className="drop-promises">
        <li>What you pay for: alerts, tickets, rules and how often the same question comes back</li>
        <li>Who waits for whom, and how long</li>
        <li>With which evidence the alerts came, and without which</li>
      </ul>
      <span className="dim">It is read on this machine, nothing of it is kept, and nothing leaves.</span>
      <input
        ref={folder}
        type="file"
        hidden
        multiple
        {...{ webkitdirectory: '' }}
        onChange={(event) => chosen(event.currentTarget)}
        data-testid="folder"
      />
      <input
        ref={files}
        type="file"
        hidden
        multiple
        onChange={(event) => chosen(event.currentTarget)}
        data-testid="files"
      />
    </div>
  )
}
