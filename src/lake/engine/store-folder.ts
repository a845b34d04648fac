import path from 'node:path'

/** Where the embedded engine keeps what it was given, in the lake's folder. It is there from the engine's first start on. */
export function storeFolderOf(folder: string): string {
  return path.join(folder, 'store')
}
