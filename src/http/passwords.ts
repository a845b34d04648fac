import { hash, verify } from '@node-rs/argon2'

/** OWASP's first choice for argon2id: 19 MiB, two passes; 67 ms on the machine in docs/benchmarks.md. */
/** Algorithm.Argon2id; the library's enum is a `const enum`, which erasable TypeScript cannot import. */
const argon2id = 2
const options = { algorithm: argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 }

export async function hashOfPassword(password: string): Promise<string> {
  return hash(password, options)
}

let nobody: Promise<string> | undefined

/** Whether it is the password. Takes the same time when there is nobody to compare with, so that time does not tell who exists. */
export async function isPassword(hashed: string | null, password: string): Promise<boolean> {
  nobody ??= hashOfPassword('nobody has this password')
  const right = await verify(hashed ?? (await nobody), password)
  return right && hashed !== null
}
