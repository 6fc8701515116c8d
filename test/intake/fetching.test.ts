import assert from 'node:assert/strict'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { digestOf } from '../../schemas/words.ts'
import { intake } from '../../services/intake/main.ts'
import { systemClock } from '../../services/kit/clock.ts'
import { testDatabase } from '../harness/database.ts'
import { eventually } from '../harness/eventually.ts'
import { allowing, endOf, serve } from './web.ts'
import {
  configurationOf,
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

describe('a dataset that is not stored', () => {
  test('is fetched in a step of its own, checked, split, and then requested', async (t) => {
    const content = datasetOf('fetched')
    let fetches = 0
    const url = await serve(t, (_request, response) => {
      fetches += 1
      response.end(content)
    })
    const kit = await intakeKit(t, { configuration: allowing(url) })
    const uri = `${url}/data/bot-1.jsonl`
    await publish(kit, edit({ dataset: { uri, digest: digestOf(content) } }))
    assert.equal(fetches, 0)
    const { requests } = (await get(kit, '/requests')).body
    assert.deepEqual([requests.length, requests[0].state, requests[0].dataset], [1, 'fetching', uri])
    await settle(kit)
    const [requested] = await said(kit, 'training.requested')
    assert.equal(requested?.dataset.digest, digestOf(content))
    assert.equal(requested?.dataset.uri, uri)
    assert.equal(fetches, 1)

    await publish(kit, edit({ bot: 'bot-2', dataset: { uri, digest: digestOf(content) } }))
    assert.equal((await said(kit, 'training.requested')).length, 2)
    assert.equal(fetches, 1, 'the digest of the event spares the fetch')
  })

  test('holds the place of its request meanwhile: a stale revision is coalesced into that, and not into the run before', async (t) => {
    const content = datasetOf('slow')
    const url = await serve(t, (_request, response) => response.end(content))
    const kit = await intakeKit(t, { configuration: allowing(url) })
    await publish(kit, edit({ dataset: await storedDataset(kit, 'before'), revision: 3 }))
    await publish(kit, edit({ dataset: { uri: `${url}/data/a`, digest: digestOf(content) }, revision: 5 }))
    const { body } = await publish(kit, edit({ dataset: await storedDataset(kit, 'late'), revision: 4 }))
    await settle(kit)
    const [before, newest] = await said(kit, 'training.requested')
    const stale = (await get(kit, `/signals/${body.signals[0]}`)).body
    assert.notEqual(before?.run, newest?.run)
    assert.deepEqual([stale.end, stale.run], ['coalesced', newest?.run])
  })

  test('is read from below a named folder, and not through a link that leads out', async (t) => {
    const base = await mkdtemp(join(tmpdir(), 'trainyard-intake-'))
    t.after(() => rm(base, { recursive: true }))
    await writeFile(join(base, 'outside.jsonl'), datasetOf('outside'))
    const folder = await mkdtemp(join(base, 'datasets-'))
    await writeFile(join(folder, 'a.jsonl'), datasetOf('file'))
    await symlink(join(base, 'outside.jsonl'), join(folder, 'link.jsonl'))
    const kit = await intakeKit(t, { configuration: configurationOf({}, `datasetSources: [{ folder: '${folder}' }]`) })
    const from = async (path: string) => {
      const { body } = await publish(kit, edit({ bot: path, dataset: { uri: pathToFileURL(path).href } }))
      await settle(kit)
      return await endOf(kit, body.signals[0])
    }
    assert.equal((await from(join(folder, 'a.jsonl'))).end, null)
    assert.match((await from(join(folder, 'link.jsonl'))).reason ?? '', /does not lie below a folder/)
    assert.match((await from(join(base, 'outside.jsonl'))).reason ?? '', /does not lie below a folder/)
    assert.match((await from(join(folder, 'missing.jsonl'))).reason ?? '', /there is no file/)
    assert.equal((await said(kit, 'training.requested')).length, 1)
  })

  test('with bytes other than the event says, or that are no dataset, rejects its signals with the reason', async (t) => {
    const contents: Record<string, string> = {
      '/data/other': datasetOf('other'),
      '/data/broken': `${datasetOf('broken')}not json\n`,
      '/data/empty': '',
      '/data/one': '{"text":"a","intent":"b"}\n',
      '/data/large': datasetOf('x'.repeat(300), 5_000),
    }
    const url = await serve(t, ({ url: path = '' }, response) => {
      const content = contents[path]
      if (path === '/data/away') response.writeHead(302, { location: 'http://169.254.169.254/' }).end()
      else response.writeHead(content === undefined ? 404 : 200).end(content)
    })
    const kit = await intakeKit(t, { configuration: allowing(url, 'limits: { datasetMiB: 1 }') })
    const cases = [
      ['other', digestOf('something else'), /has the digest sha256:\w+, and the event says sha256:/],
      ['broken', undefined, /not usable: line 9: not JSON/],
      ['empty', undefined, /not usable: empty/],
      ['one', undefined, /not usable: one intent only/],
      ['large', undefined, /more than 1048576 bytes/],
      ['missing', undefined, /answered with status 404/],
      ['away', undefined, /redirects: .*no prefix in datasetSources/],
    ] as const
    for (const [name, digest, reason] of cases) {
      const { body } = await publish(kit, edit({ bot: name, dataset: { uri: `${url}/data/${name}`, digest } }))
      await settle(kit)
      const end = await endOf(kit, body.signals[0])
      assert.equal(end.end, 'rejected', name)
      assert.match(end.reason ?? '', reason)
    }
    assert.deepEqual(await said(kit, 'training.requested'), [])
    assert.ok((await sums(kit)).balanced)
  })

  test('from a source that fails for a while is fetched again, further apart each time, and in the end rejected', async (t) => {
    let healthy = false
    const url = await serve(t, (_request, response) => {
      if (healthy) response.end(datasetOf('healed'))
      else response.writeHead(503).end()
    })
    const kit = await intakeKit(t, { configuration: allowing(url) })
    const dataset = { uri: `${url}/data/a` }
    await publish(kit, edit({ bot: 'patient', dataset }))
    await settle(kit)
    const { requests } = (await get(kit, '/requests')).body
    assert.deepEqual(
      [requests[0].state, requests[0].tries, requests[0].problem],
      ['fetching', 1, `${url}/data/a answered with status 503`],
    )
    const waitMs = (await kit.work('intake.fetching.1')) ?? 0
    assert.ok(waitMs > 1_000 && waitMs <= 2_000, String(waitMs))
    healthy = true
    await letBackoffPass(kit)
    await settle(kit)
    assert.equal((await said(kit, 'training.requested')).length, 1)

    healthy = false
    const { body } = await publish(kit, edit({ bot: 'unlucky', dataset: { uri: `${url}/data/b` } }))
    for (let round = 0; round < 6; round += 1) {
      assert.equal((await endOf(kit, body.signals[0])).end, null)
      await letBackoffPass(kit)
      await settle(kit)
    }
    assert.deepEqual(await endOf(kit, body.signals[0]), {
      end: 'rejected',
      reason: `${url}/data/b answered with status 503`,
    })
  })

  test('whose fetcher dies is fetched by another when the lease has run out, and only the last one counts', async (t) => {
    let arrived = () => {}
    let answer = () => {}
    const url = await serve(t, (_request, response) => {
      const reply = () => response.end(datasetOf('slow'))
      if (answer === undefined) reply()
      answer = reply
      arrived()
    })
    const kit = await intakeKit(t, { configuration: allowing(url) })
    await publish(kit, edit({ dataset: { uri: `${url}/data/a` } }))
    const begun = new Promise<void>((resolve) => {
      arrived = resolve
    })
    const slow = kit.work('intake.fetching.1')
    await begun
    assert.ok(((await kit.work('intake.fetching.2')) ?? 0) > 20_000, 'the lease holds')

    const answerToTheFirst = answer
    await letBackoffPass(kit)
    const begunAgain = new Promise<void>((resolve) => {
      arrived = resolve
    })
    const second = kit.work('intake.fetching.2')
    await begunAgain
    answer()
    await second
    assert.equal((await said(kit, 'training.requested')).length, 1)
    answerToTheFirst()
    await slow
    assert.equal((await said(kit, 'training.requested')).length, 1)
    assert.ok((await sums(kit)).balanced)
  })

  test('that takes longer than a lease is not fetched twice, since whoever fetches it renews the lease', async (t) => {
    let answer = () => {}
    let fetches = 0
    const url = await serve(t, (_request, response) => {
      fetches += 1
      answer = () => response.end(datasetOf('long'))
    })
    const clock = {
      ...systemClock,
      sleep: (_milliseconds: number, ...signals: AbortSignal[]) => systemClock.sleep(1, ...signals),
    }
    const kit = await intakeKit(t, { configuration: allowing(url), clock })
    await publish(kit, edit({ dataset: { uri: `${url}/data/a` } }))
    const fetched = kit.work('intake.fetching.1')
    await eventually(() => fetches === 1)
    await kit.database.execute(`update intake.requests set due_at = now() + interval '10 seconds'`)
    await eventually(async () => ((await kit.work('intake.fetching.2')) ?? 0) > 20_000)
    answer()
    await fetched
    assert.equal(fetches, 1)
    assert.equal((await said(kit, 'training.requested')).length, 1)
  })

  test('that kills whoever fetches it is not tried for ever', async (t) => {
    const url = await serve(t, (_request, response) => response.end(datasetOf('deadly')))
    const kit = await intakeKit(t, { configuration: allowing(url) })
    const { body } = await publish(kit, edit({ dataset: { uri: `${url}/data/a` } }))
    await kit.database.execute('update intake.requests set fetch_tries = 20')
    await settle(kit)
    assert.deepEqual(await endOf(kit, body.signals[0]), {
      end: 'rejected',
      reason: 'the dataset was not read to its end in 20 tries',
    })
  })

  test('keeps nobody waiting of another bot, and later signals of its own gather behind it', async (t) => {
    const url = await serve(t, (_request, response) => response.end(datasetOf('first')))
    const kit = await intakeKit(t, { configuration: allowing(url) })
    const stored = await storedDataset(kit, 'second')
    await publish(kit, edit({ dataset: { uri: `${url}/data/a` } }))
    await publish(kit, edit({ dataset: stored }))
    await publish(kit, edit({ dataset: stored }))
    const states = (await get(kit, '/requests?bot=bot-1')).body.requests
    assert.deepEqual(
      states.map(({ state, signals }: { state: string; signals: number }) => [state, signals]),
      [
        ['fetching', 1],
        ['waiting', 2],
      ],
    )
    await publish(kit, edit({ bot: 'bot-2', dataset: stored }))
    assert.deepEqual(
      (await said(kit, 'training.requested')).map(({ bot }) => bot),
      ['bot-2'],
    )
    await settle(kit)
    assert.deepEqual(
      (await said(kit, 'training.requested')).map(({ bot, generation, dataset }) => [
        bot,
        generation,
        dataset.digest === stored.digest,
      ]),
      [
        ['bot-2', 1, true],
        ['bot-1', 1, false],
        ['bot-1', 2, true],
      ],
    )
  })

  test('is divided anew when the held-out share of its job type has changed', async (t) => {
    const database = await testDatabase(t, [intake])
    const kit = await intakeKit(t, { database })
    const dataset = await storedDataset(kit, 'shares')
    const configuration = structuredClone(configurationOf())
    for (const jobType of Object.values(configuration.jobTypes)) jobType.heldOutShare = 0.5
    const changed = await intakeKit(t, { configuration, database })
    await publish(changed, edit({ dataset }))
    assert.equal((await said(changed, 'training.requested')).length, 0)
    await settle(changed)
    assert.equal((await said(changed, 'training.requested')).length, 1)
    const { body } = await get(changed, `/datasets/${dataset.digest}`)
    assert.deepEqual(
      body.splits.map(({ heldOutShare }: { heldOutShare: number }) => heldOutShare),
      [0.2, 0.5],
    )
  })

  test("named by a person is fetched too, and the person's signal waits for it", async (t) => {
    const url = await serve(t, (_request, response) => response.end(datasetOf('asked for')))
    const kit = await intakeKit(t, { configuration: allowing(url) })
    const dataset = `${url}/data/a`
    const { status, body } = await post(kit, '/train', { bot: 'b', dataset, actor: 'anna', reason: 'new data' })
    assert.equal(status, 202)
    await settle(kit)
    assert.equal((await said(kit, 'training.requested'))[0]?.run, body.run)
  })
})
