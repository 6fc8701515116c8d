import type { Container } from '../pods.ts'
import type { ContainerLog } from './container-log.ts'

const messageBytes = 4_096
const logBytes = 2_048

/** What a container left to say of its end: what it wrote for that, or, if that is asked and it failed, the end of its log. */
export function terminationMessage(container: Container, exitCode: number, written: Buffer, log: ContainerLog): string {
  if (written.length > 0) return written.subarray(-messageBytes).toString()
  const fallsBack = container.terminationMessagePolicy === 'FallbackToLogsOnError' && exitCode !== 0
  return fallsBack ? log.tail(logBytes) : ''
}
