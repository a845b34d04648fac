import { z } from 'zod'
import { Trouble } from '../../kit/errors.ts'
import { CveId, type VexDocument, type VexStatement, type VexStatus } from '../../model/vulnerability.ts'
import { shortText } from '../scan/words.ts'
import { jsonOf } from './kev.ts'

/** Branches in each other: vendor, family, product, version, and room. */
const branchesDeepMax = 30
/** Products times vulnerabilities of one document; the largest advisories of Linux distributions have some hundred thousand. */
const statementsMax = 1_000_000
const detailCharsMax = 1_000
const nameCharsMax = 300
/** Words of the schema: a publisher's category, a document's status. */
const wordCharsMax = 40

const Helper = z.object({
  cpe: z.string().optional(),
  purl: z.string().optional(),
  purls: z.array(z.string()).optional(),
})
const Product = z.object({ product_id: z.string(), name: z.string(), product_identification_helper: Helper.optional() })
type Branch = {
  readonly product?: z.infer<typeof Product> | undefined
  readonly branches?: readonly Branch[] | undefined
}
const Branch: z.ZodType<Branch> = z.lazy(() =>
  z.object({ product: Product.optional(), branches: z.array(Branch).optional() }),
)
const ids = z.array(z.string()).optional()
const About = { product_ids: ids, group_ids: ids }

const Csaf = z.object({
  document: z.object({
    category: z.string(),
    csaf_version: z.enum(['2.0', '2.1']),
    title: z.string(),
    publisher: z.object({ name: z.string(), category: z.string().optional() }),
    tracking: z.object({
      id: z.string(),
      version: z.string(),
      current_release_date: z.string(),
      status: z.string().optional(),
    }),
  }),
  product_tree: z
    .object({
      branches: z.array(Branch).optional(),
      full_product_names: z.array(Product).optional(),
      relationships: z.array(z.object({ full_product_name: Product })).optional(),
      product_groups: z.array(z.object({ group_id: z.string(), product_ids: z.array(z.string()) })).optional(),
    })
    .optional(),
  vulnerabilities: z
    .array(
      z.object({
        cve: CveId.optional(),
        product_status: z.record(z.string(), z.array(z.string())).optional(),
        flags: z.array(z.object({ label: z.string(), ...About })).optional(),
        threats: z.array(z.object({ category: z.string(), details: z.string(), ...About })).optional(),
        remediations: z.array(z.object({ category: z.string(), details: z.string(), ...About })).optional(),
      }),
    )
    .optional(),
})
type Csaf = z.infer<typeof Csaf>
type Vulnerability = NonNullable<Csaf['vulnerabilities']>[number]

const statusOf: Readonly<Record<string, VexStatus>> = {
  known_affected: 'affected',
  first_affected: 'affected',
  last_affected: 'affected',
  known_not_affected: 'not-affected',
  fixed: 'fixed',
  first_fixed: 'fixed',
  under_investigation: 'under-investigation',
}

/**
 * A CSAF 2.0 or 2.1 document (an advisory or VEX): each statement about a product and a CVE. Throws Trouble('file.invalid') for what is no such
 * document, names a product that it does not define, or says two things of one product.
 */
export function readCsaf(text: string): VexDocument {
  const value = jsonOf(text)
  guardDepth(value)
  const parsed = Csaf.safeParse(value)
  if (!parsed.success) throw broken(z.prettifyError(parsed.error).slice(0, 300))
  const { document, vulnerabilities = [] } = parsed.data
  const released = new Date(document.tracking.current_release_date)
  if (Number.isNaN(released.getTime())) throw broken('its release date is none')
  const products = productsOf(parsed.data)
  const groups = groupsOf(parsed.data)
  for (const id of [...groups.values()].flat()) if (!products.has(id)) throw undefinedProduct(id)
  const statements = vulnerabilities.flatMap((one) => statementsOf(one, products, groups))
  if (statements.length > statementsMax)
    throw new Trouble('input.too-large', { statements: statements.length, most: statementsMax })
  return {
    id: shortText(document.tracking.id, nameCharsMax),
    version: shortText(document.tracking.version, nameCharsMax),
    title: shortText(document.title, nameCharsMax),
    publisher: shortText(document.publisher.name, nameCharsMax),
    publisherCategory: document.publisher.category?.slice(0, wordCharsMax) ?? null,
    status: document.tracking.status?.slice(0, wordCharsMax) ?? null,
    releasedAt: released.toISOString(),
    statements,
  }
}

/** Zod walks branches by recursion; a text that nests them without end must not exhaust the stack. */
function guardDepth(value: unknown): void {
  let level: unknown[] = [value]
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > branchesDeepMax * 2 + 10) throw broken('its parts stand too deep in each other')
    level = level.flatMap((one) =>
      one !== null && typeof one === 'object' ? Object.values(one as Readonly<Record<string, unknown>>) : [],
    )
  }
}

type Named = { readonly name: string; readonly cpe: string | null; readonly purl: string | null }

function productsOf({ product_tree: tree }: Csaf): ReadonlyMap<string, Named> {
  const products = new Map<string, Named>()
  const put = ({ product_id, name, product_identification_helper: helper }: z.infer<typeof Product>): void => {
    products.set(product_id, {
      name: shortText(name, nameCharsMax),
      cpe: helper?.cpe?.slice(0, nameCharsMax) ?? null,
      purl: (helper?.purl ?? helper?.purls?.[0])?.slice(0, nameCharsMax) ?? null,
    })
  }
  const waiting: Branch[] = [...(tree?.branches ?? [])]
  for (let branch = waiting.pop(); branch !== undefined; branch = waiting.pop()) {
    if (branch.product !== undefined) put(branch.product)
    waiting.push(...(branch.branches ?? []))
  }
  for (const product of tree?.full_product_names ?? []) put(product)
  for (const { full_product_name } of tree?.relationships ?? []) put(full_product_name)
  return products
}

function groupsOf({ product_tree: tree }: Csaf): ReadonlyMap<string, readonly string[]> {
  return new Map((tree?.product_groups ?? []).map(({ group_id, product_ids }) => [group_id, product_ids]))
}

function statementsOf(
  one: Vulnerability,
  products: ReadonlyMap<string, Named>,
  groups: ReadonlyMap<string, readonly string[]>,
): VexStatement[] {
  const { cve } = one
  // Without a CVE there is nothing to find it by; such documents are about a vendor's own numbers.
  if (cve === undefined) return []
  const said = new Map<string, VexStatus>()
  for (const [word, productIds] of Object.entries(one.product_status ?? {})) {
    const status = statusOf[word]
    if (status === undefined) continue // "recommended": a version to upgrade to, no statement about the weakness.
    for (const id of productIds) {
      if ((said.get(id) ?? status) !== status)
        throw broken(`it says both ${said.get(id)} and ${status} of ${id} for ${cve}`)
      said.set(id, status)
    }
  }
  const about = <T extends { product_ids?: string[] | undefined; group_ids?: string[] | undefined }>(
    id: string,
    all: readonly T[] = [],
  ): T | undefined =>
    all.find(({ product_ids = [], group_ids = [] }) =>
      product_ids.length + group_ids.length === 0
        ? true
        : product_ids.includes(id) || group_ids.some((group) => groups.get(group)?.includes(id) === true),
    )
  return [...said].map(([id, status]) => {
    const product = products.get(id)
    if (product === undefined) throw undefinedProduct(id)
    const why =
      status === 'not-affected'
        ? about(
            id,
            one.threats?.filter(({ category }) => category === 'impact'),
          )
        : about(id, one.remediations)
    return {
      cve,
      product: product.name,
      cpe: product.cpe,
      purl: product.purl,
      status,
      justification: status === 'not-affected' ? (about(id, one.flags)?.label ?? null) : null,
      detail: shortText(why?.details, detailCharsMax),
    }
  })
}

function undefinedProduct(id: string): Trouble {
  return broken(`it names a product "${shortText(id, 60)}" that it does not define`)
}

function broken(problem: string): Trouble {
  return new Trouble('file.invalid', { problem: `this is no CSAF document that can be taken: ${problem}` })
}
