import type { Problem } from '../../../../src/contract/endpoint.ts'
import type { Answer } from '../../api.ts'
import { Refused } from '../../api.ts'

export type Sending = { readonly files: number; readonly share: number; readonly cancel: () => void }

const broken: Problem = {
  code: 'network',
  says: 'The upload broke off.',
  next: 'Try again; nothing was kept.',
  details: [],
}

/** Sends files with their folders as names; XMLHttpRequest, since fetch does not tell how far an upload is. */
export function sendFolder(
  files: readonly File[],
  onShare: (share: number) => void,
): { readonly done: Promise<Answer<'POST /api/xray'>>; readonly cancel: () => void } {
  const form = new FormData()
  for (const file of files)
    form.append('file', file, file.webkitRelativePath === '' ? file.name : file.webkitRelativePath)
  const request = new XMLHttpRequest()
  const done = new Promise<Answer<'POST /api/xray'>>((resolve, reject) => {
    request.open('POST', '/api/xray')
    request.responseType = 'json'
    request.upload.onprogress = (event) => onShare(event.lengthComputable ? event.loaded / event.total : 0)
    request.onload = () => {
      if (request.status === 200) resolve(request.response as Answer<'POST /api/xray'>)
      else reject(new Refused(request.status, { ...broken, ...(request.response as Partial<Problem> | null) }))
    }
    request.onerror = () => reject(new Refused(0, broken))
    request.onabort = () => reject(new Refused(0, { ...broken, says: 'Stopped.' }))
    request.send(form)
  })
  return { done, cancel: () => request.abort() }
}

/** Files of a dropped folder, with their paths; bounded as the server is. */
const filesMax = 50_000

/** Everything that was dropped, folders walked. */
export async function filesOfDrop(items: DataTransferItemList): Promise<File[]> {
  const entries = [...items].flatMap((item) => item.webkitGetAsEntry() ?? [])
  const files: File[] = []
  const walk = async (entry: FileSystemEntry): Promise<void> => {
    if (files.length >= filesMax) return
    if (entry.isFile) {
      const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject))
      files.push(new File([file], entry.fullPath.replace(/^\//, ''), { type: file.type }))
      return
    }
    const reader = (entry as FileSystemDirectoryEntry).createReader()
    // A directory comes in pieces of at most a hundred; an empty piece is its end.
    for (;;) {
      const piece = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
      if (piece.length === 0) break
      for (const child of piece) await walk(child)
    }
  }
  for (const entry of entries) await walk(entry)
  return files
}
