import { ticketingOf } from '../db/tickets.ts'
import type { TicketWork } from '../http/front.ts'
import { Trouble } from '../kit/errors.ts'
import type { House } from '../playbooks/house.ts'
import {
  addFile,
  addTask,
  changeTicketing,
  changeType,
  comment,
  editTask,
  moveTicket,
  refer,
  ticketingOfYaml,
  ticketingYaml,
} from '../playbooks/tickets.ts'
import { ticketList, ticketPage } from './ticket-pages.ts'

/** Hands the work on tickets to the front. */
export function ticketWork(house: House): TicketWork {
  return {
    list: (query, me) => ticketList(house, query, me),
    show: (alertId) => ticketPage(house, alertId),
    move: (on) => moveTicket(house, on),
    changeType: (on) => changeType(house, on),
    comment: (on) => comment(house, on),
    addTask: (on) => addTask(house, on),
    editTask: (on) => editTask(house, on),
    refer: (on) => refer(house, on),
    addFile: (on) => addFile(house, on),
    rules: async () => {
      const { rules, version } = await ticketingOf(house.db)
      return { ticketing: rules, yaml: ticketingYaml(rules), version }
    },
    changeRules: async ({ ticketing, yaml, version, by }) => {
      const rules = yaml === null ? ticketing : ticketingOfYaml(yaml)
      if (rules === null) throw new Trouble('input.invalid', { fields: { yaml: 'Send the rules or their YAML' } })
      return changeTicketing(house, { rules, version, by })
    },
  }
}
