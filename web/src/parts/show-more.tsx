import { Button } from '@mantine/core'

/** The end of a list that comes page by page. */
export function ShowMore({
  list,
}: {
  readonly list: {
    readonly hasNextPage: boolean
    readonly isFetchingNextPage: boolean
    readonly fetchNextPage: () => Promise<unknown>
  }
}) {
  if (!list.hasNextPage) return null
  return (
    <Button variant="default" fullWidth loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
      Show more
    </Button>
  )
}
