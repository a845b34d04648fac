export { defang } from './defang.ts'
export { extract } from './extract.ts'
export { refang } from './refang.ts'
