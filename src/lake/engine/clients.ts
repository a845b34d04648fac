import http from 'node:http'
import net from 'node:net'
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client'

/** A page's questions, two loads and a hunt, of several processes: the engine itself queues what is too much. */
const openConnectionsMax = 64
/** Statements end by clocks of their own (bounds of each); this one only ends what none of them saw. */
const requestMsMax = 60 * 60_000

const common = {
  application: 'counterfoil',
  request_timeout: requestMsMax,
  // Long lists of parameters go into the body; an address is refused past 1 MiB (http_max_uri_size).
  use_multipart_params_auto: true,
  // What fails is told by a Trouble, once, by whoever asked.
  log: { level: ClickHouseLogLevel.OFF },
}

/** A client of the engine that listens on this Unix socket: the same HTTP client, only that its agent connects there. */
export function clientOfSocket(socket: string): ClickHouseClient {
  return createClient({ ...common, url: 'http://engine.invalid', http_agent: new SocketAgent(socket) })
}

/** A client of a server or cluster: `https://user:password@host:8443/database`. */
export function clientOfUrl(url: string): ClickHouseClient {
  return createClient({ ...common, url, max_open_connections: openConnectionsMax })
}

class SocketAgent extends http.Agent {
  readonly socket: string

  constructor(socket: string) {
    super({ keepAlive: true, maxSockets: openConnectionsMax })
    this.socket = socket
  }

  override createConnection(): net.Socket {
    return net.createConnection({ path: this.socket })
  }
}
