import { Button, FileButton, Menu } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { ReplyFileShown, ReplyPage } from '../../../../src/contract/answer.ts'
import type { AttachmentKind } from '../../../../src/model/attachment.ts'
import { call } from '../../api.ts'
import { Problem } from '../../parts/states.tsx'
import { say } from '../../parts/toast.tsx'
import { bytesWords, plural } from '../../words.ts'
import type { Review } from './review.ts'

const kindWords: Readonly<Record<AttachmentKind, string>> = {
  text: 'Text',
  'web-page': 'Web page',
  mail: 'Mail',
  document: 'Document',
  workbook: 'Workbook',
  archive: 'ZIP archive',
  picture: 'Picture',
  pdf: 'PDF',
}

/** Files that go with the answer: what was found in each, what was taken out of it, or why it stays here. */
export function Files({ page, review }: { readonly page: ReplyPage; readonly review: Review }) {
  const { reply, files } = page
  const { editable } = review
  const client = useQueryClient()
  const onSettled = () =>
    Promise.all([
      client.invalidateQueries({ queryKey: ['reply', reply.id] }),
      client.invalidateQueries({ queryKey: ['preview', reply.id] }),
    ])
  const add = useMutation({
    mutationFn: (file: File) => {
      const form = new FormData()
      form.append('version', String(review.version()))
      form.append('file', file, file.name)
      return call('POST /api/replies/:id/files', { params: { id: reply.id } }, form)
    },
    onSuccess: () => say('The file was looked into. Review what was found in it.'),
    onSettled,
  })
  const pick = useMutation({
    mutationFn: (ticketFileId: string) =>
      call('POST /api/replies/:id/files/pick', {
        params: { id: reply.id },
        body: { ticketFileId, version: review.version() },
      }),
    onSettled,
  })
  if (files.length === 0 && !editable) return null
  return (
    <section className="card pane" aria-label="Files">
      <div className="pane-head">
        <h2>Files</h2>
        {editable && (
          <span className="row tight">
            {page.evidence.length > 0 && (
              <Menu>
                <Menu.Target>
                  <Button size="compact-sm" variant="default" loading={pick.isPending}>
                    From the case
                  </Button>
                </Menu.Target>
                <Menu.Dropdown>
                  {page.evidence.map((file) => (
                    <Menu.Item key={file.id} onClick={() => pick.mutate(file.id)}>
                      {file.name} <span className="dim">{bytesWords(file.sizeBytes)}</span>
                    </Menu.Item>
                  ))}
                </Menu.Dropdown>
              </Menu>
            )}
            <FileButton onChange={(file) => file !== null && add.mutate(file)}>
              {(props) => (
                <Button {...props} size="compact-sm" variant="default" loading={add.isPending}>
                  Attach a file
                </Button>
              )}
            </FileButton>
          </span>
        )}
      </div>
      {files.length === 0 && (
        <p className="dim">
          {page.api === null
            ? 'None, but the machine-readable part. A file is looked into before it may leave, and what cannot be looked into stays here.'
            : `None. ${page.api.title} takes no files, nor the machine-readable part.`}
        </p>
      )}
      <Problem error={add.error ?? pick.error ?? review.takeOut.error} />
      <ul className="reply-files">
        {files.map((file) => (
          <FileRow key={file.id} file={file} page={page} review={review} />
        ))}
      </ul>
    </section>
  )
}

function FileRow({
  file,
  page,
  review,
}: {
  readonly file: ReplyFileShown
  readonly page: ReplyPage
  readonly review: Review
}) {
  const open = [...file.nameSpans, ...file.spans].filter((span) => span.verdict === null).length
  return (
    <li>
      <div className="row between">
        <span className="clip">
          {file.kind === 'blocked' ? (
            <strong>{file.name}</strong>
          ) : (
            <a href={`/api/replies/${page.reply.id}/files/${file.id}`} download>
              {file.name}
            </a>
          )}{' '}
          <span className="dim">
            {file.kind === 'blocked' ? '' : `${kindWords[file.kind]} · `}
            {bytesWords(file.sizeBytes)}
            {file.fromCase && ' · from the case'}
          </span>
        </span>
        <span className="row tight">
          <span className={file.kind === 'blocked' ? 'tag bad' : open > 0 ? 'tag warn' : 'tag good'}>
            {file.kind === 'blocked' ? 'Blocked' : open > 0 ? `${plural(open, 'place')} to review` : 'Reviewed'}
          </span>
          {review.editable && (
            <Button
              size="compact-sm"
              variant="subtle"
              aria-label={`Take out ${file.name}`}
              loading={review.takeOut.isPending && review.takeOut.variables === file.id}
              onClick={() => review.takeOut.mutate(file.id)}
            >
              Take out
            </Button>
          )}
        </span>
      </div>
      {file.blocked !== null && (
        <div className="notice">
          <strong>It cannot leave.</strong> {file.blocked.why} {file.blocked.next}
        </div>
      )}
      {file.stripped.length > 0 && <div className="dim">Taken out of it: {file.stripped.join('; ')}.</div>}
    </li>
  )
}
