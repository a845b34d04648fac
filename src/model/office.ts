import { z } from 'zod'

/** A house has HR, legal, data protection and a few more; whoever needs thirty has roles and not offices. */
export const officesMax = 30
/** People of one office: more of them than sign in a day. */
const peopleMax = 20

/** A user by mail address, or everybody of a role who may sign. */
const Holder = z
  .string()
  .max(320)
  .regex(
    /^(role:(administrator|lead|analyst|approver)|[^\s@<>,;:]+@[^\s@<>,;:]+)$/,
    'Write a mail address of somebody with an account, or role:approver, role:lead, role:administrator, role:analyst',
  )

/** Who signs for a part of the house. A playbook names the office, the house says who that is: nobody edits a playbook when somebody leaves. */
export const Office = z.strictObject({
  title: z.string().trim().min(1, 'Give it a name').max(60),
  people: z.array(Holder).max(peopleMax),
  /** Asked where a member hands over, with the first reminder, and where too few members may sign. */
  deputies: z.array(Holder).max(peopleMax).default([]),
})
export type Office = z.infer<typeof Office>

export const OfficeId = z.string().regex(/^[a-z][a-z0-9-]{0,30}$/, 'An id has small letters, digits and hyphens')

export const Offices = z
  .record(OfficeId, Office)
  .refine((offices) => Object.keys(offices).length <= officesMax, `At most ${officesMax} offices`)
export type Offices = z.infer<typeof Offices>

/** Those that the playbooks that come along name; nobody holds them until an administrator says who. */
export const officesDefault: Offices = {
  dpo: { title: 'Data protection officer', people: [], deputies: [] },
  hr: { title: 'HR', people: [], deputies: [] },
  legal: { title: 'Legal', people: [], deputies: [] },
}
