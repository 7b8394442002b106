import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { compareTemplate, readTemplates } from '../../src/whatsapp/template-files.ts'
import { type TemplateDraft, validateTemplate } from '../../src/whatsapp/template-rules.ts'
import { checkParameters, renderTemplate, type TemplateParameters, templateBody } from '../../src/whatsapp/templates.ts'

const news = [
  { type: 'HEADER', format: 'TEXT', text: 'Thema {{1}} – Arnsberg' },
  { type: 'BODY', text: 'Guten Tag. {{1}}: {{2}} Ihre Stadt' },
  { type: 'FOOTER', text: 'Abmelden mit STOP' },
  {
    type: 'BUTTONS',
    buttons: [
      { type: 'URL', text: 'Mehr', url: 'https://www.arnsberg.de/aktuell/{{1}}' },
      { type: 'QUICK_REPLY', text: 'Abmelden' },
    ],
  },
]
const named = [{ type: 'BODY', text: 'Am {{wann}} ist {{was}} in der Altstadt.' }]
const picture = [
  { type: 'HEADER', format: 'IMAGE' },
  { type: 'BODY', text: 'Ein Bild.' },
]
const good = { header: ['Verkehr'], body: ['Sperrung', 'Ruhrstraße'], buttons: { '0': 'sperrung' } }

describe('what is wrong with the parameters of a broadcast', () => {
  const cases: [sentence: string, components: unknown, parameters: unknown, problems: Record<string, string>][] = [
    ['everything is there', news, good, {}],
    ['a template without variables needs nothing', [{ type: 'BODY', text: 'Hallo' }], undefined, {}],
    [
      'everything is missing',
      news,
      {},
      {
        'parameters.header.0': 'Diese Angabe fehlt.',
        'parameters.body.0': 'Diese Angabe fehlt.',
        'parameters.body.1': 'Diese Angabe fehlt.',
        'parameters.buttons.0': 'Diese Angabe fehlt.',
      },
    ],
    ['one is missing', news, { ...good, body: ['Sperrung'] }, { 'parameters.body.1': 'Diese Angabe fehlt.' }],
    [
      'one is too many',
      news,
      { ...good, body: ['a', 'b', 'c'] },
      { 'parameters.body.2': 'Die Vorlage hat hier nur 2 Lücken.' },
    ],
    [
      'a header that the template lacks',
      named,
      { header: ['x'], body: { wann: 'heute', was: 'Markt' } },
      { 'parameters.header.0': 'Hier hat die Vorlage keine Lücke.' },
    ],
    [
      'a line break',
      news,
      { ...good, body: ['a\nb', 'c'] },
      { 'parameters.body.0': 'Zeilenumbrüche sind hier nicht erlaubt.' },
    ],
    ['a tab', news, { ...good, header: ['a\tb'] }, { 'parameters.header.0': 'Tabulatoren sind hier nicht erlaubt.' }],
    [
      'five blanks in a row',
      news,
      { ...good, body: ['a     b', 'c'] },
      { 'parameters.body.0': 'Mehr als vier Leerzeichen hintereinander sind nicht erlaubt.' },
    ],
    ['four blanks in a row are fine', news, { ...good, body: ['a    b', 'c'] }, {}],
    ['an empty text', news, { ...good, body: ['  ', 'c'] }, { 'parameters.body.0': 'Diese Angabe ist leer.' }],
    [
      'a number instead of a text',
      news,
      { ...good, body: [1, 'c'] },
      { 'parameters.body.0': 'Hier wird ein Text erwartet.' },
    ],
    [
      'a null instead of a text',
      news,
      { ...good, body: [null, 'c'] },
      { 'parameters.body.0': 'Hier wird ein Text erwartet.' },
    ],
    [
      'a text instead of a list',
      news,
      { ...good, body: 'x' },
      { 'parameters.body': 'Die Angaben haben die falsche Form.' },
    ],
    ['a list instead of everything', news, [], { parameters: 'Die Angaben haben die falsche Form.' }],
    ['a word nobody knows', news, { ...good, footer: ['x'] }, { 'parameters.footer': 'Diese Angabe gibt es nicht.' }],
    [
      'a body that gets too long',
      news,
      { ...good, body: ['a'.repeat(1000), 'c'] },
      { 'parameters.body': 'Der fertige Text ist zu lang: 1025 von höchstens 1024 Zeichen.' },
    ],
    ['a body of exactly 1024', news, { ...good, body: ['a'.repeat(999), 'c'] }, {}],
    [
      'a header that gets too long',
      news,
      { ...good, header: ['a'.repeat(50)] },
      { 'parameters.header': 'Die Überschrift ist zu lang: 67 von höchstens 60 Zeichen.' },
    ],
    [
      'a blank in an address',
      news,
      { ...good, buttons: { '0': 'a b' } },
      { 'parameters.buttons.0': 'Das Ende der Adresse darf keine Leerzeichen oder Umlaute enthalten.' },
    ],
    [
      'an address beyond 2000',
      news,
      { ...good, buttons: { '0': 'a'.repeat(1970) } },
      { 'parameters.buttons.0': 'Die Adresse ist zu lang: 2002 von höchstens 2000 Zeichen.' },
    ],
    [
      'a button without variable',
      news,
      { ...good, buttons: { '0': 'x', '1': 'y' } },
      { 'parameters.buttons.1': 'Diese Schaltfläche hat keine Lücke.' },
    ],
    [
      'a button index that is none',
      news,
      { ...good, buttons: { '0': 'x', constructor: 'y' } },
      { 'parameters.buttons.constructor': 'Diese Schaltfläche hat keine Lücke.' },
    ],
    ['named ones by name', named, { body: { wann: 'heute', was: 'Markt' } }, {}],
    ['named ones as a list, in order', named, { body: ['heute', 'Markt'] }, {}],
    [
      'a name that is missing, one that is too many',
      named,
      { body: { wann: 'heute', wer: 'Anna' } },
      {
        'parameters.body.was': 'Diese Angabe fehlt.',
        'parameters.body.wer': 'Die Vorlage hat hier nur 2 Lücken.',
      },
    ],
    ['a picture by address', picture, { header: [{ link: 'https://x/a.jpg' }] }, {}],
    ['a picture by id', picture, { header: [{ id: '9' }] }, {}],
    ['no picture', picture, {}, { 'parameters.header.0': 'Hier fehlt ein Bild.' }],
    [
      'a picture by both',
      picture,
      { header: [{ id: '9', link: 'https://x/a.jpg' }] },
      { 'parameters.header.0': 'Bitte geben Sie entweder eine Adresse (link) oder eine Medien-Id (id) an.' },
    ],
    [
      'a picture at no address',
      picture,
      { header: [{ link: 'a.jpg' }] },
      { 'parameters.header.0.link': 'Das ist keine Internetadresse.' },
    ],
  ]
  test.each(cases)('%s', (_sentence, components, parameters, problems) =>
    expect(
      Object.fromEntries(checkParameters(components, parameters).map(({ field, message }) => [field, message])),
    ).toEqual(problems),
  )
})

describe('what the citizen sees', () => {
  test('all parameters in their places', () =>
    expect(renderTemplate(news, good)).toEqual({
      header: 'Thema Verkehr – Arnsberg',
      body: 'Guten Tag. Sperrung: Ruhrstraße Ihre Stadt',
      footer: 'Abmelden mit STOP',
      buttons: [
        { type: 'URL', text: 'Mehr', url: 'https://www.arnsberg.de/aktuell/sperrung' },
        { type: 'QUICK_REPLY', text: 'Abmelden' },
      ],
    }))

  test('what is missing stays visible', () =>
    expect(renderTemplate(news, { body: ['Sperrung', ''] }).body).toBe('Guten Tag. Sperrung: {{2}} Ihre Stadt'))

  test('the first value belongs to {{1}}, wherever that stands', () =>
    expect(renderTemplate([{ type: 'BODY', text: 'Erst {{2}}, dann {{1}}.' }], { body: ['A', 'B'] }).body).toBe(
      'Erst B, dann A.',
    ))

  test('a value that looks like a variable is not filled in again', () =>
    expect(renderTemplate(news, { body: ['{{2}} $& $1', 'b'] }).body).toBe('Guten Tag. {{2}} $& $1: b Ihre Stadt'))
})

describe('what is sent to Meta', () => {
  const cases: [sentence: string, components: unknown, parameters: TemplateParameters, sent: unknown][] = [
    [
      'header, body and address by position',
      news,
      good,
      [
        { type: 'header', parameters: [{ type: 'text', text: 'Verkehr' }] },
        {
          type: 'body',
          parameters: [
            { type: 'text', text: 'Sperrung' },
            { type: 'text', text: 'Ruhrstraße' },
          ],
        },
        { type: 'button', sub_type: 'url', index: '0', parameters: [{ type: 'text', text: 'sperrung' }] },
      ],
    ],
    [
      'named ones with their names',
      named,
      { body: { was: 'Markt', wann: 'heute' } },
      [
        {
          type: 'body',
          parameters: [
            { type: 'text', parameter_name: 'wann', text: 'heute' },
            { type: 'text', parameter_name: 'was', text: 'Markt' },
          ],
        },
      ],
    ],
    [
      'a picture in the header',
      picture,
      { header: [{ link: 'https://x/a.jpg' }] },
      [{ type: 'header', parameters: [{ type: 'image', image: { link: 'https://x/a.jpg' } }] }],
    ],
    ['nothing to fill in: no components', [{ type: 'BODY', text: 'Hallo' }], {}, undefined],
  ]
  test.each(cases)('%s', (_sentence, components, parameters, sent) => {
    const { template, ...rest } = templateBody('meldung', 'de', components, parameters)
    expect(template).toEqual({
      name: 'meldung',
      language: { code: 'de' },
      ...(sent !== undefined && { components: sent }),
    })
    expect(rest).toEqual({ messaging_product: 'whatsapp', recipient_type: 'individual', type: 'template' })
  })
})

const draft: TemplateDraft = {
  name: 'meldung',
  language: 'de',
  category: 'UTILITY',
  components: [{ type: 'BODY', text: 'Die Stadt meldet heute {{1}} für alle.', example: { body_text: [['x']] } }],
}
const withBody = (text: string, example?: unknown) => ({ ...draft, components: [{ type: 'BODY', text, example }] })
const withPart = (part: object) => ({ ...draft, components: [...draft.components, part] })
const withButtons = (...buttons: object[]) => withPart({ type: 'BUTTONS', buttons })
const url = { type: 'URL', text: 'Mehr', url: 'https://arnsberg.de/a' }
const reply = { type: 'QUICK_REPLY', text: 'Ja' }

describe('what Meta would reject in a template', () => {
  const cases: [sentence: string, template: unknown, field: string | null][] = [
    ['the plain one is fine', draft, null],
    ['capital letters in the name', { ...draft, name: 'Meldung' }, 'name'],
    ['de_DE', { ...draft, language: 'de_DE' }, 'language'],
    ['a category that is none', { ...draft, category: 'NEWS' }, 'category'],
    ['a format that is none', { ...draft, parameter_format: 'both' }, 'parameter_format'],
    ['a lifetime of ten seconds', { ...draft, message_send_ttl_seconds: 10 }, 'message_send_ttl_seconds'],
    [
      'a lifetime on marketing',
      { ...draft, category: 'MARKETING', message_send_ttl_seconds: 60 },
      'message_send_ttl_seconds',
    ],
    ['no components', { ...draft, components: undefined }, 'components'],
    ['no body', { ...draft, components: [{ type: 'FOOTER', text: 'x' }] }, 'components'],
    ['two bodies', withPart(draft.components[0]!), 'components.1.type'],
    ['a part that is none', withPart({ type: 'CAROUSEL' }), 'components.1.type'],
    [
      'a variable at the start',
      withBody('{{1}} meldet die Stadt heute allen.', { body_text: [['x']] }),
      'components.0.text',
    ],
    [
      'a variable at the end',
      withBody('Die Stadt meldet heute allen {{1}}', { body_text: [['x']] }),
      'components.0.text',
    ],
    [
      'two variables side by side',
      withBody('Die Stadt {{1}} {{2}} meldet heute das allen.', { body_text: [['x', 'y']] }),
      'components.0.text',
    ],
    ['a gap in the numbers', withBody('Die Stadt {{2}} meldet heute.', { body_text: [['x']] }), 'components.0.text'],
    ['a brace too few', withBody('Die Stadt {{1} meldet heute.'), 'components.0.text'],
    ['more variables than words bear', withBody('Neu: {{1}} da', { body_text: [['x']] }), 'components.0.text'],
    ['no example', withBody('Die Stadt {{1}} meldet heute.'), 'components.0.example'],
    [
      'an example too many',
      withBody('Die Stadt {{1}} meldet heute.', { body_text: [['x', 'y']] }),
      'components.0.example',
    ],
    ['a body beyond 1024', withBody('a'.repeat(1025)), 'components.0.text'],
    [
      'names where numbers are announced',
      withBody('Die Stadt {{was}} meldet heute.', { body_text: [['x']] }),
      'components.0.text',
    ],
    ['a header beyond 60', withPart({ type: 'HEADER', format: 'TEXT', text: 'a'.repeat(61) }), 'components.1.text'],
    ['a header with a line break', withPart({ type: 'HEADER', format: 'TEXT', text: 'a\nb' }), 'components.1.text'],
    ['a picture without example', withPart({ type: 'HEADER', format: 'IMAGE' }), 'components.1.example.header_handle'],
    ['a footer with a variable', withPart({ type: 'FOOTER', text: 'von {{1}} heute' }), 'components.1.text'],
    ['an empty footer', withPart({ type: 'FOOTER', text: '' }), 'components.1.text'],
    ['three addresses', withButtons(url, url, url), 'components.1.buttons'],
    ['replies apart from each other', withButtons(reply, url, reply), 'components.1.buttons'],
    ['replies side by side are fine', withButtons(url, reply, reply), null],
    ['a label beyond 25', withButtons({ ...reply, text: 'a'.repeat(26) }), 'components.1.buttons.0.text'],
    ['an address that is none', withButtons({ ...url, url: 'arnsberg.de' }), 'components.1.buttons.0.url'],
    [
      'a variable in the middle of an address',
      withButtons({ ...url, url: 'https://arnsberg.de/{{1}}/a', example: ['x'] }),
      'components.1.buttons.0.url',
    ],
    [
      'a variable that could change the host',
      withButtons({ ...url, url: 'https://arnsberg.de{{1}}', example: ['x'] }),
      'components.1.buttons.0.url',
    ],
    [
      'a variable address without example',
      withButtons({ ...url, url: 'https://arnsberg.de/{{1}}' }),
      'components.1.buttons.0.example',
    ],
    [
      'a phone that is none',
      withButtons({ type: 'PHONE_NUMBER', text: 'Anrufen', phone_number: 'x' }),
      'components.1.buttons.0.phone_number',
    ],
    ['no template at all', null, ''],
  ]
  test.each(cases)('%s', (_sentence, template, field) => {
    const problems = validateTemplate(template)
    expect(problems.map((one) => one.field)).toEqual(field === null ? [] : [field])
    for (const { message } of problems) expect(message).toMatch(/^[A-ZÄÖÜ„].*\.$/)
  })
})

describe('the template files', () => {
  const folders: string[] = []
  afterEach(async () => {
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true })
  })
  const folderWith = async (files: Record<string, string>) => {
    const folder = await mkdtemp(join(tmpdir(), 'templates-'))
    folders.push(folder)
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content)
    return folder
  }

  test('ours are valid, and the announcement takes the parameters of the contract', async () => {
    const { templates, problems } = await readTemplates('templates')
    expect(problems).toEqual([])
    expect(templates.map(({ name }) => name)).toEqual([
      'antwort_bereit',
      'notfall',
      'stadt_meldung',
      'strassensperrung',
      'veranstaltung',
    ])
    const announcement = templates.find(({ name }) => name === 'stadt_meldung')
    const parameters = {
      header: ['Verkehr'],
      body: ['Sperrung', 'Ruhrstraße ab Montag'],
      buttons: { '0': 'sperrung-ruhrstrasse' },
    }
    expect(checkParameters(announcement?.components, parameters)).toEqual([])
  })

  test('every problem of every file is told at once', async () => {
    const folder = await folderWith({
      'a.de.json': '{',
      'b.de.json': JSON.stringify(draft),
      'meldung.de.json': JSON.stringify(draft),
      'c.de.json': JSON.stringify({ ...draft, name: 'C', language: 'de_DE' }),
      'notes.txt': 'not a template',
    })
    const { templates, problems } = await readTemplates(folder)
    expect(templates).toEqual([draft])
    expect(problems.map(({ file, field }) => `${file} ${field}`)).toEqual([
      'a.de.json ',
      'b.de.json name',
      'c.de.json name',
      'c.de.json language',
    ])
  })

  test('a folder that is empty or not there has no templates', async () => {
    expect(await readTemplates(await folderWith({}))).toEqual({ templates: [], problems: [] })
    expect(await readTemplates('/nowhere/at/all')).toEqual({ templates: [], problems: [] })
  })

  test('the approved one is compared by what it shows', () => {
    const remote = {
      id: '1',
      status: 'APPROVED',
      parameterFormat: 'positional' as const,
      ...draft,
      components: [...draft.components],
    }
    expect(compareTemplate(draft, remote)).toEqual([])
    const changed = { ...remote, category: 'MARKETING', components: [{ type: 'BODY', text: 'Anders.' }] }
    expect(compareTemplate(draft, changed)).toEqual([
      { field: 'category', ours: 'UTILITY', theirs: 'MARKETING' },
      { field: 'body', ours: 'Die Stadt meldet heute {{1}} für alle.', theirs: 'Anders.' },
    ])
  })
})
