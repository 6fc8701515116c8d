import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { eventually } from '../harness/eventually.ts'
import { allowing, endOf, serve } from './web.ts'
import {
  datasetOf,
  edit,
  get,
  intakeKit,
  letBackoffPass,
  post,
  publish,
  said,
  settle,
  storedDataset,
  sums,
} from './yard.ts'

describe('a dataset that is slow to come, or cannot be had', () => {
  test('holds up none of another bot', async (t) => {
    const open: (() => void)[] = []
    const url = await serve(t, ({ url: path = '' }, response) => {
      if (path.startsWith('/data/healthy')) response.end(datasetOf('healthy'))
      else {
        response.write(datasetOf(path))
        open.push(() => response.end())
      }
    })
    const kit = await intakeKit(t, { configuration: allowing(url) })
    const loops = (kit.parts.loops ?? []).flatMap(({ name }) => (name.startsWith('intake.fetching.') ? [name] : []))
    const [healthy = '', ...slow] = loops
    assert.ok(slow.length >= 2)
    for (const name of slow) await publish(kit, edit({ bot: name, dataset: { uri: `${url}/data/${name}` } }))
    const fetches = slow.map((name) => kit.work(name))
    await eventually(() => open.length === slow.length)
    await publish(kit, edit({ bot: 'other', dataset: { uri: `${url}/data/healthy` } }))
    await kit.work(healthy)
    assert.deepEqual(
      (await said(kit, 'training.requested')).map(({ bot }) => bot),
      ['other'],
    )
    for (const end of open) end()
    await Promise.all(fetches)
    assert.equal((await said(kit, 'training.requested')).length, loops.length)
    assert.ok((await sums(kit)).balanced)
  })

  test('comes after those that have never failed', async (t) => {
    const url = await serve(t, ({ url: path = '' }, response) => {
      if (path.startsWith('/data/healthy')) response.end(datasetOf('healthy'))
      else response.writeHead(503).end()
    })
    const kit = await intakeKit(t, { configuration: allowing(url) })
    await publish(kit, edit({ bot: 'failing', dataset: { uri: `${url}/data/failing` } }))
    await kit.work('intake.fetching.1')
    await letBackoffPass(kit)
    await publish(kit, edit({ bot: 'fresh', dataset: { uri: `${url}/data/healthy` } }))
    await kit.work('intake.fetching.1')
    assert.equal((await said(kit, 'training.requested'))[0]?.bot, 'fresh')
  })

  test('holds up its bot no longer than until one is named again: then its signals are coalesced into that', async (t) => {
    const url = await serve(t, (_request, response) => response.writeHead(503).end())
    const kit = await intakeKit(t, { configuration: allowing(url) })
    const stored = await storedDataset(kit, 'newer')
    const asked = { bot: 'bot-1', dataset: `${url}/data/a`, actor: 'anna', reason: 'new data' }
    const { body: person } = await post(kit, '/train', asked)
    await publish(kit, edit({ dataset: { uri: `${url}/data/b` } }))
    const { body: newest } = await publish(kit, edit({ dataset: stored }))
    assert.deepEqual(await said(kit, 'training.requested'), [], 'nothing is overtaken before it was tried')

    await kit.work('intake.fetching.1')
    while ((await kit.work('intake.due')) === 0);
    const [requested, ...others] = await said(kit, 'training.requested')
    assert.deepEqual(others, [])
    assert.deepEqual([requested?.dataset.digest, requested?.signals.count], [stored.digest, 2])
    assert.deepEqual([requested?.insisted, requested?.actor, requested?.reason], [true, 'anna', 'new data'])
    assert.deepEqual((await get(kit, '/requests')).body.requests, [])
    assert.equal((await get(kit, `/signals/${newest.signals[0]}`)).body.request, requested?.run)
    const { end, run, reason } = (await get(kit, `/signals/${person.signal}`)).body
    assert.deepEqual([end, run], ['coalesced', requested?.run])
    assert.match(reason, /^its dataset could not be had \(.* answered with status 503\), and run-\w+ came after it/)
    assert.ok((await sums(kit)).balanced)
  })

  test('is replaced by one that is fetched like any, and remembers the person who asked for the first', async (t) => {
    const url = await serve(t, ({ url: path = '' }, response) => {
      if (path === '/data/dead') response.writeHead(503).end()
      else response.end(datasetOf('alive'))
    })
    const kit = await intakeKit(t, { configuration: allowing(url) })
    await post(kit, '/train', { bot: 'bot-1', dataset: `${url}/data/dead`, actor: 'anna', reason: 'new data' })
    await kit.work('intake.fetching.1')
    await publish(kit, edit({ dataset: { uri: `${url}/data/alive` } }))
    const { requests } = (await get(kit, '/requests')).body
    assert.deepEqual(
      requests.map(({ state, dataset, actor }: Record<string, unknown>) => [state, dataset, actor]),
      [['fetching', `${url}/data/alive`, 'anna']],
    )
    await settle(kit)
    const [requested, ...others] = await said(kit, 'training.requested')
    assert.deepEqual([requested?.dataset.uri, requested?.actor, others], [`${url}/data/alive`, 'anna', []])
    assert.ok((await sums(kit)).balanced)
  })

  test('is not given up for a signal that names none, nor for one that is refused', async (t) => {
    let healthy = false
    const url = await serve(t, (_request, response) => {
      if (healthy) response.end(datasetOf('healed'))
      else response.writeHead(503).end()
    })
    const kit = await intakeKit(t, { configuration: allowing(url) })
    await publish(kit, edit({ dataset: { uri: `${url}/data/a` } }))
    await kit.work('intake.fetching.1')
    await publish(kit, edit({ type: 'bot.touched' }))
    await settle(kit)
    assert.equal((await get(kit, '/requests')).body.requests.length, 2)
    const { body } = await publish(kit, edit({ dataset: { uri: `${url}/elsewhere` } }))
    await settle(kit)
    assert.equal((await endOf(kit, body.signals[0])).end, 'rejected')
    healthy = true
    await letBackoffPass(kit)
    await settle(kit)
    assert.equal((await said(kit, 'training.requested'))[0]?.dataset.uri, `${url}/data/a`)
    assert.ok((await sums(kit)).balanced)
  })

  test('is of no account any more when it comes after a newer one has taken its place', async (t) => {
    let answer = () => {}
    let tries = 0
    const url = await serve(t, (_request, response) => {
      tries += 1
      if (tries === 1) response.writeHead(503).end()
      else answer = () => response.end(datasetOf('late'))
    })
    const kit = await intakeKit(t, { configuration: allowing(url) })
    const stored = await storedDataset(kit, 'newer')
    await publish(kit, edit({ dataset: { uri: `${url}/data/a` } }))
    await kit.work('intake.fetching.1')
    await letBackoffPass(kit)
    const late = kit.work('intake.fetching.1')
    await eventually(() => tries === 2)
    await publish(kit, edit({ dataset: stored }))
    assert.equal((await said(kit, 'training.requested')).length, 1)
    answer()
    await late
    await settle(kit)
    assert.deepEqual(
      (await said(kit, 'training.requested')).map(({ generation, dataset }) => [generation, dataset.digest]),
      [[1, stored.digest]],
    )
    assert.ok((await sums(kit)).balanced)
  })
})
