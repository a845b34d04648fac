import { Button } from '@mantine/core'
import { useState } from 'react'
import type { Answer } from '../../api.ts'
import { useMe } from '../../me.ts'
import { EmptyState, Problem } from '../../parts/states.tsx'
import { bytesWords, plural } from '../../words.ts'
import { Drop } from './drop.tsx'
import { Lists } from './lists.tsx'
import { type Sending, sendFolder } from './send-folder.ts'
import { Story } from './story.tsx'
import './xray.css'

/** What a folder of old provider mail says, with no credentials and nothing kept. The first page of an empty installation. */
export function XrayPage() {
  const [sending, setSending] = useState<Sending | null>(null)
  const [result, setResult] = useState<Answer<'POST /api/xray'> | null>(null)
  const [error, setError] = useState<unknown>(null)
  const me = useMe()
  const go = (files: readonly File[]) => {
    setError(null)
    setResult(null)
    if (files.length === 0) return
    const { done, cancel } = sendFolder(files, (share) => setSending({ files: files.length, share, cancel }))
    setSending({ files: files.length, share: 0, cancel })
    done.then(setResult, setError).finally(() => setSending(null))
  }
  return (
    <>
      <div className="page-head">
        <h1>X-ray</h1>
        {result !== null && (
          <span className="dim">
            {plural(result.files, 'file')}, {bytesWords(result.bytes)}
          </span>
        )}
        {result !== null && (
          <Button size="compact-sm" variant="default" className="xray-again no-print" onClick={() => setResult(null)}>
            X-ray another folder
          </Button>
        )}
      </div>
      {result === null && sending === null && (
        <>
          {me?.alerts === 0 && (
            <p className="lead xray-lead">
              Nothing is connected yet, and nothing needs to be. Begin with what you already have.
            </p>
          )}
          <Drop take={go} fail={setError} />
        </>
      )}
      {sending !== null && <Working sending={sending} />}
      <Problem error={error} />
      {result !== null &&
        (result.xray.messages.in === 0 ? (
          <Nothing result={result} />
        ) : (
          <div className="stack">
            <Story story={result.story} html={result.html} />
            <Lists xray={result.xray} />
          </div>
        ))}
    </>
  )
}

function Working({ sending }: { readonly sending: Sending }) {
  const percent = Math.round(sending.share * 100)
  return (
    <div className="card drop" role="status">
      <strong>
        {sending.share < 1
          ? `Uploading ${plural(sending.files, 'file')}: ${percent} %`
          : `Reading ${plural(sending.files, 'file')}`}
      </strong>
      <div
        className="progress xray-progress"
        role="progressbar"
        aria-label="Upload"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={percent}
      >
        <i style={{ width: `${percent}%` }} className={sending.share < 1 ? '' : 'reading'} />
      </div>
      <span className="dim">Ten thousand mails take less than a minute.</span>
      <Button variant="default" size="compact-sm" onClick={sending.cancel}>
        Stop
      </Button>
    </div>
  )
}

function Nothing({ result }: { readonly result: Answer<'POST /api/xray'> }) {
  return (
    <EmptyState
      title="There was no mail in it."
      proof={`${plural(result.files, 'file')} were looked at. X-ray reads .eml, .mbox, .msg and Maildir folders.`}
    />
  )
}
