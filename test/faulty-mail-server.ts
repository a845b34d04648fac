import { createServer, type Socket } from 'node:net'

/** What the server does, and where. `at` is the moment: a command, or "dot" once the whole mail has arrived. */
export type Fault =
  | {
      readonly at: 'connect' | 'EHLO' | 'MAIL' | 'RCPT' | 'DATA' | 'dot'
      readonly say: string
      readonly delayMs?: number
    }
  | {
      readonly at: 'connect' | 'EHLO' | 'MAIL' | 'RCPT' | 'DATA' | 'half' | 'dot'
      readonly drop: true
      readonly after?: string
    }
  | { readonly at: 'connect' | 'DATA'; readonly hang: true }
  /** `whose`: only mails that have this text are never answered, the others are taken. */
  | { readonly at: 'dot'; readonly hang: true; readonly whose?: string }
  | { readonly at: 'none' }

export type FaultyMailServer = {
  readonly port: number
  /** Mails that arrived whole, with the last dot, whatever was answered. */
  readonly arrived: readonly Buffer[]
  readonly connections: () => number
  /** From the next connection on; a function is asked for each of them. */
  readonly setFault: (fault: Fault | (() => Fault)) => void
  readonly stop: () => Promise<void>
}

/** An SMTP server (no TLS) that goes wrong where it is told to. Everything up to there is what RFC 5321 asks for. */
export async function startFaultyMailServer(port = 0): Promise<FaultyMailServer> {
  const arrived: Buffer[] = []
  const sockets = new Set<Socket>()
  let fault: Fault | (() => Fault) = { at: 'none' }
  let connections = 0
  const server = createServer((socket) => {
    connections += 1
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    serve(socket, typeof fault === 'function' ? fault() : fault, arrived)
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    port: address.port,
    arrived,
    connections: () => connections,
    setFault: (next) => {
      fault = next
    },
    stop: () => {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

function serve(socket: Socket, fault: Fault, arrived: Buffer[]): void {
  let inData = false
  let waiting = Buffer.alloc(0)
  /** True when the fault took the place of the answer. */
  const goesWrong = (at: Fault['at']): boolean => {
    if (fault.at !== at || fault.at === 'none') return false
    if ('whose' in fault && fault.whose !== undefined && arrived.at(-1)?.includes(fault.whose) !== true) return false
    if ('say' in fault) setTimeout(() => socket.write(`${fault.say}\r\n`), fault.delayMs ?? 0)
    // `after` is written as it is, perhaps without its line end, and the connection is broken off behind it.
    if ('drop' in fault && fault.after === undefined) socket.destroy()
    if ('drop' in fault && fault.after !== undefined) socket.write(fault.after, () => socket.destroySoon())
    return true
  }
  const answer = (at: Fault['at'], text: string) => {
    if (!goesWrong(at)) socket.write(`${text}\r\n`)
  }
  const command = (line: string) => {
    const verb = line.slice(0, 4).toUpperCase()
    if (verb === 'EHLO' || verb === 'HELO') answer('EHLO', '250 faulty.test')
    else if (verb === 'MAIL') answer('MAIL', '250 ok')
    else if (verb === 'RCPT') answer('RCPT', '250 ok')
    else if (verb === 'DATA') {
      if (goesWrong('DATA')) return
      inData = true
      socket.write('354 go on\r\n')
    } else if (verb === 'QUIT') socket.end('221 bye\r\n')
    else socket.write('250 ok\r\n')
  }
  answer('connect', '220 faulty.test ESMTP')
  socket.on('data', (chunk: Buffer) => {
    waiting = Buffer.concat([waiting, chunk])
    for (;;) {
      if (inData) {
        if (fault.at === 'half' && waiting.length > 0) {
          goesWrong('half')
          return
        }
        const end = waiting.indexOf('\r\n.\r\n')
        if (end === -1) return
        arrived.push(waiting.subarray(0, end + 2))
        waiting = waiting.subarray(end + 5)
        inData = false
        answer('dot', '250 2.0.0 Ok: queued as FAULTY1')
        continue
      }
      const end = waiting.indexOf('\r\n')
      if (end === -1) return
      command(waiting.subarray(0, end).toString('latin1'))
      waiting = waiting.subarray(end + 2)
    }
  })
}
