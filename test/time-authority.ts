import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** What the authority does with a query. */
export type TimeFault =
  | 'none'
  | 'silent'
  | 'nonsense'
  | 'rejects'
  | 'error'
  | 'old-answer'
  | 'other-hash'
  | 'foreign'
  | 'expired'

export type TimeAuthority = {
  readonly url: string
  /** PEM: the root that vouches for it. */
  readonly caFile: string
  readonly folder: string
  readonly openssl: (...args: string[]) => string
  /** Every query that came, as bytes. */
  readonly asked: readonly Buffer[]
  readonly setFault: (fault: TimeFault) => void
  readonly stop: () => Promise<void>
}

/** A real authority: `openssl ts` behind HTTP, with a root of its own; a foreign one, one whose certificate is over, and one for other uses. */
export async function startTimeAuthority(): Promise<TimeAuthority> {
  const folder = mkdtempSync(path.join(tmpdir(), 'counterfoil-tsa-'))
  const openssl = (...args: string[]): string =>
    execFileSync('openssl', args, { cwd: folder, stdio: 'pipe', encoding: 'utf8' })
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const authority = (ca: string, name: string, days: string, usage = 'critical,timeStamping'): void => {
    openssl('req', ...ec, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=Time stamps ${name}`)
    writeFileSync(path.join(folder, `${name}.ext`), `extendedKeyUsage=${usage}\nkeyUsage=critical,digitalSignature\n`)
    const signing = ['-CA', `${ca}.pem`, '-CAkey', `${ca}.key`, '-CAcreateserial', '-days', days]
    openssl('x509', '-req', '-in', `${name}.csr`, '-out', `${name}.pem`, ...signing, '-extfile', `${name}.ext`)
    writeFileSync(
      path.join(folder, `${name}.cnf`),
      `[tsa]\ndefault_tsa = it\n[it]\nserial = ${folder}/serial\nsigner_cert = ${folder}/${name}.pem\nsigner_key = ${folder}/${name}.key\ncerts = ${folder}/${ca}.pem\nsigner_digest = sha256\ndefault_policy = 1.3.6.1.4.1.99999.1\ndigests = sha256\nordering = yes\ness_cert_id_alg = sha256\n`,
    )
  }
  for (const ca of ['root', 'other'])
    openssl(
      'req',
      '-x509',
      ...ec,
      '-keyout',
      `${ca}.key`,
      '-out',
      `${ca}.pem`,
      '-days',
      '60',
      '-subj',
      `/CN=Test ${ca}`,
    )
  writeFileSync(path.join(folder, 'serial'), '01\n')
  authority('root', 'good', '20')
  authority('other', 'foreign', '20')
  authority('root', 'expired', '-1')
  authority('root', 'mail', '20', 'emailProtection')
  mkdirSync(path.join(folder, 'io'))
  let fault: TimeFault = 'none'
  let last: Buffer | null = null
  let calls = 0
  const asked: Buffer[] = []
  const reply = (query: Buffer, name: string): Buffer => {
    calls += 1
    const [from, to] = [`io/${calls}.tsq`, `io/${calls}.tsr`]
    writeFileSync(path.join(folder, from), query)
    openssl('ts', '-reply', '-config', `${name}.cnf`, '-section', 'it', '-queryfile', from, '-out', to)
    return readFileSync(path.join(folder, to))
  }
  const answerTo = (query: Buffer): { status: number; bytes: Buffer } | null => {
    const ok = (bytes: Buffer) => ({ status: 200, bytes })
    switch (fault) {
      case 'silent':
        return null
      case 'nonsense':
        return ok(Buffer.from('<html>maintenance</html>'))
      case 'error':
        return { status: 500, bytes: Buffer.from('out of order') }
      case 'rejects':
        // SHA-1, which this authority does not take, in place of the query.
        openssl('ts', '-query', '-digest', 'a'.repeat(40), '-sha1', '-no_nonce', '-out', 'io/sha1.tsq')
        return ok(reply(readFileSync(path.join(folder, 'io/sha1.tsq')), 'good'))
      case 'old-answer':
        return ok(last ?? Buffer.alloc(0))
      case 'other-hash': {
        const at = query.indexOf(Buffer.from('0420', 'hex')) + 2
        const other = Buffer.from(query)
        other.writeUInt8(other.readUInt8(at) ^ 1, at)
        return ok(reply(other, 'good'))
      }
      case 'foreign':
      case 'expired':
        return ok(reply(query, fault))
      case 'none': {
        last = reply(query, 'good')
        return ok(last)
      }
    }
  }
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const query = Buffer.concat(parts)
      asked.push(query)
      const answer = answerTo(query)
      // The caller waits, as long as it lives.
      if (answer === null) return
      const { status, bytes } = answer
      response.writeHead(status, { 'content-type': 'application/timestamp-reply' }).end(bytes)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/tsa`,
    ...{ caFile: path.join(folder, 'root.pem'), folder, openssl, asked },
    setFault: (next) => {
      fault = next
    },
    stop: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
