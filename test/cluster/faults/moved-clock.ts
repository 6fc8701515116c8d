/**
 * Loaded before a service: the wall clock of its process is off by what the file TEST_CLOCK_FILE says in milliseconds, as
 * after somebody has set the machine's. Monotonic clocks and timers go on as they do. What it keeps to is written beside it.
 */
import { readFileSync, writeFileSync } from 'node:fs'

const file = process.env['TEST_CLOCK_FILE'] ?? ''
const realNow = Date.now
let offMs = 0

Date.now = () => realNow() + offMs
globalThis.Date = new Proxy(Date, {
  construct: (real, given, newTarget) => Reflect.construct(real, given.length === 0 ? [Date.now()] : given, newTarget),
})

setInterval(() => {
  const wantedMs = Number(readFileSync(file, 'utf8'))
  if (wantedMs === offMs) return
  offMs = wantedMs
  writeFileSync(`${file}.kept`, String(offMs))
}, 20).unref()
