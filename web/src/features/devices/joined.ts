import { useQueries } from '@tanstack/react-query'
import { deviceDetail } from './queries'

/** What is known of devices that have just joined; until it is read, their id stands for the name. */
export function useJoinedDevices(ids: readonly string[]) {
  const queries = useQueries({ queries: ids.map((id) => deviceDetail(id)) })
  return ids.map((id, index) => {
    const device = queries[index]?.data
    return { id, name: device?.name ?? id, presence: device?.presence ?? 'offline' }
  })
}
