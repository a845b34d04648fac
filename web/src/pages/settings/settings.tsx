import { useParams } from '@tanstack/react-router'
import { type PagePart, PartedPage } from '../../parts/parted-page.tsx'
import { ApiKeysPart } from './api-keys.tsx'
import { ChatPart } from './chat.tsx'
import { ConfigPart } from './config.tsx'
import { ConnectorsPart } from './connectors.tsx'
import { ElsewherePart } from './elsewhere.tsx'
import { HousePart } from './house.tsx'
import { MailKeysPart } from './mail-keys.tsx'
import { MePart } from './me.tsx'
import { PlaybooksPart } from './playbooks.tsx'
import { ProvidersPart } from './providers.tsx'
import { ReadersPart } from './readers.tsx'
import { SignOffPart } from './sign-off.tsx'
import { SourcesPart } from './sources.tsx'
import { TicketingPart } from './ticketing.tsx'
import { UsersPart } from './users.tsx'

const parts: readonly PagePart[] = [
  { id: 'providers', title: 'Providers', needs: 'house.see', show: ProvidersPart },
  { id: 'readers', title: 'Readers', needs: 'house.see', show: ReadersPart },
  { id: 'playbooks', title: 'Playbooks', needs: 'desk.see', show: PlaybooksPart },
  { id: 'connectors', title: 'Connectors', needs: 'house.see', show: ConnectorsPart },
  { id: 'sources', title: 'Sources', needs: 'house.see', show: SourcesPart },
  { id: 'sign-off', title: 'Sign-off', needs: 'house.see', show: SignOffPart },
  { id: 'tickets', title: 'Tickets', needs: 'house.see', show: TicketingPart },
  { id: 'elsewhere', title: 'Tickets elsewhere', needs: 'house.see', show: ElsewherePart },
  { id: 'chat', title: 'Chat', needs: 'house.see', show: ChatPart },
  { id: 'house', title: 'Mail and house', needs: 'house.see', show: HousePart },
  { id: 'mail-keys', title: 'Mail keys', needs: 'house.see', show: MailKeysPart },
  { id: 'config', title: 'As a file', needs: 'setting.change', show: ConfigPart },
  { id: 'users', title: 'Users', needs: 'user.manage', show: UsersPart },
  { id: 'api-keys', title: 'API keys', needs: 'user.manage', show: ApiKeysPart },
  { id: 'me', title: 'Me and my sessions', needs: 'self.manage', show: MePart },
]

export function SettingsPage() {
  const { part } = useParams({ from: '/desk/settings/$part' })
  return <PartedPage title="Settings" to="/settings/$part" parts={parts} part={part} />
}
