// Who may import whom: the table of docs/architecture.md. The linter enforces it (house-rule.js).

const ground = ['kit', 'model']
const judgement = ['observables', 'triage', 'providers', 'measure', 'parsers']
const cellar = ['db', 'lake', 'ledger']
const work = [...ground, 'config', ...judgement, ...cellar]

/**
 * Room by room, the rooms it may import besides its own files. `types` may only be imported as types: they cost nothing at run
 * time and bind no code. What is not in the table (main, cli: the roof) may import everything.
 * @type {Record<string, { rooms: readonly string[], types?: readonly string[] }>}
 */
export const mayImport = {
  kit: { rooms: [] },
  config: { rooms: ['kit'] },
  model: { rooms: ['kit'] },
  contract: { rooms: ground },
  ...Object.fromEntries(judgement.map((room) => [room, { rooms: [...ground, ...judgement] }])),
  // A door gets its settings handed in; it knows their type.
  intake: { rooms: ground, types: ['config'] },
  connectors: { rooms: ground, types: ['config'] },
  outbox: { rooms: ground, types: ['config'] },
  // The desk's read models return what the contract says.
  db: { rooms: [...ground, 'ledger', 'contract'] },
  // The lake stands alone: no word of it goes through PostgreSQL, so that neither can take the other down.
  lake: { rooms: [...ground, 'parsers', 'observables'], types: ['config'] },
  ledger: { rooms: ground, types: ['db'] },
  playbooks: { rooms: [...work, 'playbooks'] },
  hunts: { rooms: [...work, 'hunts'] },
  http: { rooms: [...work, 'playbooks', 'hunts', 'contract'] },
  web: { rooms: ['contract', 'model'] },
}

/** Rooms with a folder for each outside thing: those are doors, and no door knows its sibling. */
export const roomsOfDoors = ['intake', 'connectors', 'outbox']

/** Rooms that are pure: data in, data out. */
export const pureRooms = judgement

/** Packages that speak SQL, and the rooms they belong to. */
export const sqlPackages = ['kysely', 'pg', 'chdb', '@clickhouse/client']
export const sqlRooms = cellar
/** Doors that ask a database of somebody else, which is no record of ours. */
export const sqlDoors = ['connectors/sql']

/**
 * The room of a file, by its path from the root of the repository with forward slashes; null outside of src and web/src.
 * @param {string} file
 * @returns {{ room: string, door: string | null } | null}
 */
export function roomOf(file) {
  if (file.startsWith('web/src/')) return { room: 'web', door: null }
  const [top, room, door, ...more] = file.split('/')
  if (top !== 'src' || room === undefined) return null
  if (door === undefined) return { room: room.replace(/\.[cm]?[jt]sx?$/, ''), door: null }
  return { room, door: roomsOfDoors.includes(room) && more.length > 0 ? door : null }
}

/**
 * Why a file may not import another; null when it may. Paths from the root of the repository.
 * @param {string} from
 * @param {string} to
 * @param {boolean} asType
 * @returns {string | null}
 */
export function refusal(from, to, asType) {
  const here = roomOf(from)
  const there = roomOf(to)
  if (here === null) return null
  const rule = mayImport[here.room]
  if (rule === undefined) return null
  if (there === null) return `${here.room} may not import ${to}, which is outside of src`
  if (here.room === there.room) {
    if (here.door !== null && there.door !== null && here.door !== there.door) {
      return `a door never imports a sibling: ${here.room}/${here.door} may not import ${there.room}/${there.door}`
    }
    return null
  }
  if (rule.rooms.includes(there.room) || (asType && rule.types?.includes(there.room))) return null
  const only = [...rule.rooms, ...(rule.types ?? []).map((room) => `types of ${room}`)].join(', ') || 'nothing'
  return `${here.room} may not import ${there.room}, only: its own files, ${only}`
}
