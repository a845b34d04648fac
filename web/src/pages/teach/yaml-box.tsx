import { Textarea } from '@mantine/core'

type Props = { readonly yaml: string; readonly set: (yaml: string) => void; readonly error?: string | undefined }

export function YamlBox({ yaml, set, error }: Props) {
  return (
    <Textarea
      label="The reader, as YAML"
      description="What it holds on to. Change it where you know better: docs/readers.md says what may stand there."
      classNames={{ input: 'mono' }}
      autosize
      minRows={8}
      maxRows={30}
      value={yaml}
      error={error}
      onChange={(event) => set(event.currentTarget.value)}
    />
  )
}
