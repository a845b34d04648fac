/** Redrawn at most this often; a terminal over a slow line keeps up. */
const everyMs = 100
const barWidth = 24

export type Progress = { readonly at: (done: number) => void; readonly end: () => void }

/** A progress line on stderr, only where a person watches. Without a total it counts. */
export function progress(title: string, total: number | null, screen: NodeJS.WriteStream = process.stderr): Progress {
  if (!screen.isTTY) return { at: () => undefined, end: () => undefined }
  let drawn = 0
  const draw = (done: number): void => {
    const share = total === null || total === 0 ? null : Math.min(1, done / total)
    const filled = Math.round((share ?? 0) * barWidth)
    const bar =
      share === null ? '' : ` ${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)} ${Math.floor(share * 100)} %`
    screen.write(`\r\u001b[2K${title}${bar} ${done.toLocaleString('en')}`)
  }
  return {
    at: (done) => {
      const now = performance.now()
      if (now - drawn < everyMs) return
      drawn = now
      draw(done)
    },
    end: () => void screen.write('\r\u001b[2K'),
  }
}
