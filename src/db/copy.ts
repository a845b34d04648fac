import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import type pg from 'pg'

/** Bytes that wait for the reader before the socket is paused; a row may be larger, and is then held once. */
const waitingBytesMax = 1024 * 1024

/** What we use of pg's connection (pg/lib/connection.js); its types leave the COPY messages out. */
type Wire = {
  readonly stream: Duplex
  readonly query: (text: string) => void
  readonly sendCopyFromChunk: (chunk: Uint8Array) => void
  readonly endCopyFrom: () => void
  readonly sendCopyFail: (words: string) => void
}

/** What pg asks of whatever it runs (pg/lib/query.js): the messages that both directions of COPY share. */
abstract class Copy {
  readonly #text: string
  readonly #done = Promise.withResolvers<number>()
  protected failure: Error | null = null
  /** What went wrong on our side, where the server only hears that something did. */
  protected cause: Error | null = null
  #rows = 0

  constructor(text: string) {
    this.#text = text
    // Whoever waits hears of it by `rows`; a failure before anybody waits must not end the process.
    this.#done.promise.catch(() => undefined)
  }

  /** Rows copied, once the server has said so. Rejects with what it said otherwise. */
  get rows(): Promise<number> {
    return this.#done.promise
  }

  submit(connection: unknown): void {
    ;(connection as Wire).query(this.#text)
  }

  handleCommandComplete(message: { readonly text: string }): void {
    this.#rows = Number(/^COPY (\d+)$/.exec(message.text)?.[1] ?? 0)
  }

  handleReadyForQuery(): void {
    if (this.failure === null) this.#done.resolve(this.#rows)
    this.ended()
  }

  handleError(error: Error): void {
    this.failure = this.cause ?? error
    this.#done.reject(this.failure)
    this.ended()
  }

  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}
  abstract handleCopyInResponse(wire: Wire): void
  abstract handleCopyData(message: { readonly chunk: Uint8Array }, wire: Wire): void
  protected abstract ended(): void
}

class CopyOut extends Copy {
  #waiting: Uint8Array[] = []
  #waitingBytes = 0
  #isOver = false
  #stream: Duplex | undefined
  #wake: (() => void) | undefined

  override handleCopyData(message: { readonly chunk: Uint8Array }, wire: Wire): void {
    // A copy, because pg writes the next message into the same buffer.
    this.#waiting.push(Uint8Array.from(message.chunk))
    this.#waitingBytes += message.chunk.length
    this.#stream = wire.stream
    if (this.#waitingBytes > waitingBytesMax) {
      wire.stream.pause()
      this.#wake?.()
    }
  }

  override handleCopyInResponse(wire: Wire): void {
    wire.sendCopyFail('COPY ... TO STDOUT was expected')
  }

  protected override ended(): void {
    this.#isOver = true
    this.#wake?.()
  }

  async *pieces(): AsyncGenerator<Buffer> {
    for (;;) {
      if (!this.#isOver && this.#waitingBytes <= waitingBytesMax) {
        const { promise, resolve } = Promise.withResolvers<void>()
        this.#wake = resolve
        await promise
      }
      if (this.failure !== null) throw this.failure
      const piece = Buffer.concat(this.#waiting)
      this.#waiting = []
      this.#waitingBytes = 0
      const wasOver = this.#isOver
      if (piece.length > 0) yield piece
      // At the end, too: the last row may have paused it, and the next statement's answer comes by the same socket.
      this.#stream?.resume()
      if (wasOver) return
    }
  }
}

class CopyIn extends Copy {
  readonly #source: AsyncIterable<Uint8Array>

  constructor(text: string, source: AsyncIterable<Uint8Array>) {
    super(text)
    this.#source = source
  }

  override handleCopyInResponse(wire: Wire): void {
    void this.#pump(wire)
  }

  /** Never rejects: what the source throws is told to the server, which answers with an error of its own. */
  async #pump(wire: Wire): Promise<void> {
    try {
      for await (const piece of this.#source) {
        if (this.failure !== null) return
        wire.sendCopyFromChunk(piece)
        if (wire.stream.writableNeedDrain) await once(wire.stream, 'drain')
      }
      wire.endCopyFrom()
    } catch (error) {
      this.cause = error instanceof Error ? error : new Error('the source failed', { cause: error })
      wire.sendCopyFail(this.cause.message)
    }
  }

  override handleCopyData(): void {}
  protected override ended(): void {}
}

/**
 * Runs `COPY ... TO STDOUT` and gives its bytes as they come, in pieces of about a megabyte; the socket waits for the reader.
 * A reader that leaves before the end must end the client.
 */
export async function* copyOut(client: pg.Client, text: string): AsyncGenerator<Buffer, number> {
  const copy = new CopyOut(text)
  client.query(copy as unknown as pg.Submittable)
  yield* copy.pieces()
  return copy.rows
}

/** Runs `COPY ... FROM STDIN` with these bytes. Answers the number of rows. */
export async function copyIn(client: pg.Client, text: string, source: AsyncIterable<Uint8Array>): Promise<number> {
  const copy = new CopyIn(text, source)
  client.query(copy as unknown as pg.Submittable)
  return copy.rows
}
