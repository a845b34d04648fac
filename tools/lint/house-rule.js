// The rules of the house that no public linter knows, as an oxlint plugin (it speaks ESLint's plugin API).
import path from 'node:path'
import { pureRooms, refusal, roomOf, sqlDoors, sqlPackages, sqlRooms } from './rooms.js'

const isTest = (file) => /\.test\.tsx?$/.test(file)

/** Path of the linted file from the root, where .oxlintrc.json stands and the linter is started. */
function fileOf(context) {
  return path.relative(context.cwd, context.filename).split(path.sep).join('/')
}

/** Calls back for every import of a file, static or not, with where it is from and whether only types come. */
function onImports(take) {
  const isType = (node) =>
    node.importKind === 'type' ||
    node.exportKind === 'type' ||
    (node.specifiers?.length > 0 && node.specifiers.every((one) => (one.importKind ?? one.exportKind) === 'type'))
  const of = (node) => node.source && take(node, String(node.source.value), isType(node))
  return {
    ImportDeclaration: of,
    ExportNamedDeclaration: of,
    ExportAllDeclaration: of,
    ImportExpression: (node) => node.source.type === 'Literal' && take(node, String(node.source.value), false),
    TSImportType: (node) => node.source?.value && take(node, String(node.source.value), true),
  }
}

const whoMayImportWhom = {
  create(context) {
    const file = fileOf(context)
    if (isTest(file)) return {}
    return onImports((node, source, asType) => {
      if (!source.startsWith('.')) return
      const target = path.posix.normalize(path.posix.join(path.posix.dirname(file), source))
      const message = refusal(file, target, asType)
      if (message !== null) context.report({ node, message: `${message} (docs/architecture.md)` })
    })
  },
}

const sqlInTheCellar = {
  create(context) {
    const file = fileOf(context)
    const here = roomOf(file)
    if (isTest(file) || here === null || sqlRooms.includes(here.room) || sqlDoors.includes(`${here.room}/${here.door}`))
      return {}
    return onImports((node, source, asType) => {
      if (asType || !sqlPackages.includes(source)) return
      context.report({
        node,
        message: `SQL is in src/db and src/ledger: ${here.room} may not import ${source}, except as a type`,
      })
    })
  },
}

const noClockInJudgement = {
  create(context) {
    const file = fileOf(context)
    const here = roomOf(file)
    if (isTest(file) || here === null || !pureRooms.includes(here.room)) return {}
    const report = (node, what) =>
      context.report({
        node,
        message: `${here.room} is pure: no ${what}; take the time as a value (docs/architecture.md)`,
      })
    return {
      NewExpression(node) {
        if (node.callee.name === 'Date' && node.arguments.length === 0) report(node, 'new Date()')
      },
      CallExpression(node) {
        if (node.callee.name === 'Date') report(node, 'Date()')
      },
      MemberExpression(node) {
        const name = `${node.object.name}.${node.property.name}`
        if (['Date.now', 'performance.now', 'Math.random'].includes(name)) report(node, name)
      },
    }
  },
}

const envOnlyInConfig = {
  create(context) {
    const file = fileOf(context)
    const here = roomOf(file)
    if (isTest(file) || here === null || here.room === 'config' || here.room === 'web') return {}
    return {
      MemberExpression(node) {
        if (node.object.name !== 'process' || (node.property.name ?? node.property.value) !== 'env') return
        context.report({ node, message: 'the environment is read in src/config only' })
      },
    }
  },
}

/** Off in .oxlintrc.json. A test turns it on, to see that the plugin gets to see the files at all. */
const sawFile = {
  create(context) {
    return {
      Program(node) {
        context.report({ node, message: `saw ${roomOf(fileOf(context))?.room ?? 'nothing'}` })
      },
    }
  },
}

export default {
  meta: { name: 'counterfoil' },
  rules: {
    'who-may-import-whom': whoMayImportWhom,
    'sql-in-the-cellar': sqlInTheCellar,
    'no-clock-in-judgement': noClockInJudgement,
    'env-only-in-config': envOnlyInConfig,
    'saw-file': sawFile,
  },
}
