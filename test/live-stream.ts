import { type Desk, until } from './desk.ts'

/** The live stream as somebody hears it; `heard` is all of it so far. */
export async function hearLive(
  desk: Desk,
  cookie: string,
): Promise<{ readonly heard: () => string; readonly stop: () => Promise<void> }> {
  const response = await fetch(`${desk.origin}/api/live`, { headers: { cookie } })
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let heard = ''
  const listening = (async () => {
    for (;;) {
      const piece = await reader?.read()
      if (piece === undefined || piece.done) return
      heard += piece.value
    }
  })()
  await until('the greeting', async () => heard.includes('hello'))
  const stop = async (): Promise<void> => {
    await reader?.cancel()
    await listening
  }
  return { heard: () => heard, stop }
}
