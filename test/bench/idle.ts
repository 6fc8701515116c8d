import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { echoConfiguration } from '../chain/bot.ts'
import type { Row } from './rows.ts'
import { withYard } from './yard.ts'

const settleMs = 10_000
const measureMs = 30_000
const ticksPerSecond = 100

/** What all services in one process cost while nothing happens, PostgreSQL not counted. */
export async function benchIdle(): Promise<Row[]> {
  if (process.platform !== 'linux') return []
  return await withYard(echoConfiguration(), async (yard) => {
    const [share = Number.NaN] = await idleShares([yard.pid])
    const status = readFileSync(`/proc/${yard.pid}/status`, 'utf8')
    const kibibytes = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1])
    return [
      { figure: 'trainyard dev, idle: of one core', value: share * 100, unit: '%', target: '≤ 2' },
      { figure: 'trainyard dev, idle: memory', value: kibibytes / 1024, unit: 'MB', target: '≤ 250' },
    ]
  })
}

/** What each process takes of one core while nothing happens: 0.01 is a hundredth. */
export async function idleShares(pids: readonly number[]): Promise<number[]> {
  await delay(settleMs)
  const before = pids.map(ticksOf)
  await delay(measureMs)
  return pids.map((pid, index) => (ticksOf(pid) - (before[index] ?? 0)) / ticksPerSecond / (measureMs / 1000))
}

/** User and system time in clock ticks: fields 14 and 15 of proc(5)'s stat, counted after the command's closing bracket. */
function ticksOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return Number(fields[11]) + Number(fields[12])
}
