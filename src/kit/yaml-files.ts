import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { Trouble } from './errors.ts'

const isYaml = (name: string): boolean => /\.ya?ml$/.test(name)

/**
 * The YAML files that these paths name, in their order: a file is itself, a folder is its own files by name (not those of folders in it).
 * Throws Trouble('file.unreadable') for a path that is not there, Trouble('input.too-large') past `most`.
 */
export async function yamlFilesOf(paths: readonly string[], most: number): Promise<readonly string[]> {
  const files: string[] = []
  for (const given of paths) {
    if (!existsSync(given)) throw new Trouble('file.unreadable', { file: given })
    if (isYaml(given)) files.push(given)
    else
      files.push(
        ...(await readdir(given))
          .filter(isYaml)
          .sort()
          .map((name) => path.join(given, name)),
      )
  }
  if (files.length > most) throw new Trouble('input.too-large', { files: files.length, most })
  return files
}
