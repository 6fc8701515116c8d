import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Counter, Registry } from 'prom-client'
import { addGauge, shared } from '../../services/kit/gauges.ts'

test('what cannot be read is left out of a scrape, and takes nothing else along', async () => {
  const registry = new Registry()
  let isAway = false
  const read = async <T>(figures: T) => (isAway ? Promise.reject(new Error('away')) : figures)
  addGauge(registry, { name: 'one', help: 'plain' }, () => read([{ value: 3 }]))
  addGauge(registry, { name: 'many', help: 'labelled', labelNames: ['of'] }, () =>
    read([{ labels: { of: 'a' }, value: 4 }]),
  )
  new Counter({ name: 'others', help: 'of others', registers: [registry] }).inc()
  const lines = async () => (await registry.metrics()).split('\n').filter((line) => /^[a-z]/.test(line))
  const all = ['one 3', 'many{of="a"} 4', 'others 1']
  assert.deepEqual(await lines(), all)
  isAway = true
  assert.deepEqual(
    (await lines()).filter((line) => !line.startsWith('trainyard')),
    ['others 1'],
  )
  isAway = false
  const told = ['one', 'many'].map((figure) => `trainyard_figures_unread_total{figure="${figure}"} 1`)
  assert.deepEqual((await lines()).toSorted(), [...all, ...told].toSorted())
})

test('nor is a database waited for that is silent', async () => {
  const registry = new Registry()
  addGauge(registry, { name: 'one', help: 'plain' }, () => new Promise(() => {}))
  assert.doesNotMatch(await registry.metrics(), /^one /m)
  assert.match(await registry.metrics(), /^trainyard_figures_unread_total\{figure="one"\} [12]$/m)
})

test('a label that is said no more is gone', async () => {
  const registry = new Registry()
  let of = 'a'
  addGauge(registry, { name: 'many', help: 'labelled', labelNames: ['of'] }, async () => [{ labels: { of }, value: 1 }])
  await registry.metrics()
  of = 'b'
  assert.doesNotMatch(await registry.metrics(), /of="a"/)
})

test('who asks while an answer is on its way shares it', async () => {
  let asked = 0
  const ask = shared(async () => {
    asked += 1
    return asked
  })
  assert.deepEqual(await Promise.all([ask(), ask()]), [1, 1])
  assert.equal(await ask(), 2)
})
