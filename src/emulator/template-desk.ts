import { type Problem, problem } from './codes.ts'
import { type Json, objs, str } from './json.ts'
import { digitsOf } from './state.ts'
import { checkComponents, checkTemplate } from './template-check.ts'
import type { Template } from './templates.ts'
import { envelope } from './webhooks.ts'
import type { World } from './world.ts'

const keyOf = (businessAccountId: string, name: string, language: string): string =>
  `${businessAccountId} ${name} ${language}`

/** All templates of a business account, oldest first. */
export const templatesOf = (world: World, businessAccountId: string): Template[] =>
  [...world.state.templates.values()].filter((template) => template.businessAccountId === businessAccountId)

export const templateById = (world: World, id: string): Template | undefined =>
  [...world.state.templates.values()].find((template) => template.id === id)

/** Takes a new template in, or says what Meta refuses. Approval follows as the emulator was told. */
export function submitTemplate(world: World, businessAccountId: string, body: Json): Problem | Template {
  const wrong = checkTemplate(body)
  if (wrong) return wrong
  const [name, language] = [str(body.name), str(body.language)]
  const key = keyOf(businessAccountId, name, language)
  if (world.state.templates.has(key))
    return {
      code: 100,
      subcode: 2388024,
      title: 'Content in this language already exists',
      details: `There is already ${language} content for this template.`,
    }
  const template: Template = {
    id: digitsOf(`template ${key}`, 15), // the same after a restart, so that a service that remembers ids finds its templates
    businessAccountId,
    name,
    language,
    category: str(body.category).toUpperCase(),
    previousCategory: null,
    status: 'PENDING',
    parameterFormat: str(body.parameter_format).toUpperCase() === 'NAMED' ? 'NAMED' : 'POSITIONAL',
    components: objs(body.components).map((component) => ({ ...component, type: str(component.type).toUpperCase() })),
    quality: 'UNKNOWN',
    rejectedReason: 'NONE',
    timeToLiveSeconds: typeof body.message_send_ttl_seconds === 'number' ? body.message_send_ttl_seconds : null,
    updatedAt: world.state.now(),
  }
  world.state.templates.set(key, template)
  review(world, template)
  return template
}

/** Replaces components or category. Only APPROVED, REJECTED and PAUSED ones; a rejected one goes to review again. */
export function editTemplate(world: World, template: Template, body: Json): Problem | null {
  if (!['APPROVED', 'REJECTED', 'PAUSED'].includes(template.status))
    return {
      code: 100,
      subcode: 2388039,
      title: 'Not editable',
      details: `A template that is ${template.status} cannot be edited.`,
    }
  const category = str(body.category).toUpperCase()
  if (category && category !== template.category && template.status === 'APPROVED')
    return {
      code: 100,
      subcode: 2388039,
      title: 'Not editable',
      details: 'The category of an approved template is fixed.',
    }
  const components = objs(body.components).map((component) => ({
    ...component,
    type: str(component.type).toUpperCase(),
  }))
  if (body.components !== undefined) {
    const wrong = checkComponents(components, template.parameterFormat === 'NAMED')
    if (wrong) return wrong
    template.components = components
  }
  if (category) template.category = category
  if (typeof body.message_send_ttl_seconds === 'number') template.timeToLiveSeconds = body.message_send_ttl_seconds
  template.updatedAt = world.state.now()
  if (template.status === 'REJECTED') {
    template.status = 'PENDING'
    review(world, template)
  }
  return null
}

/** Deletes by name (all languages), or only the ids named. DISABLED ones stay. */
export function deleteTemplates(world: World, businessAccountId: string, name: string, ids: string[]): Problem | null {
  const found = templatesOf(world, businessAccountId).filter((t) =>
    ids.length > 0 ? ids.includes(t.id) : t.name === name,
  )
  if (found.length === 0)
    return { code: 100, subcode: 2593002, title: 'Template not found', details: 'No template with this name or id.' }
  if (found.some((template) => template.status === 'DISABLED'))
    return problem(100, 'A disabled template cannot be deleted.')
  for (const template of found) world.state.templates.delete(keyOf(businessAccountId, template.name, template.language))
  return null
}

function review(world: World, template: Template): void {
  const approval = world.options.templateApproval ?? 'immediate'
  if (approval === 'manual') return
  if (approval === 'immediate') {
    template.status = 'APPROVED'
    void announceStatus(world, template)
    return
  }
  world.webhooks.hold()
  setTimeout(() => {
    if (template.status === 'PENDING') void changeTemplate(world, template, { status: 'APPROVED' })
    world.webhooks.release()
  }, approval.delayMs).unref()
}

/** A decision of Meta's about a template; each field given is changed and told by webhook. Answers the service's statuses. */
export type TemplateChange = {
  status?: string
  /** Of a rejection, e.g. INVALID_FORMAT. */
  reason?: string
  /** FIRST_PAUSE, UNPAUSE … */
  title?: string
  quality?: string
  category?: string
  components?: Json[]
}

export async function changeTemplate(world: World, template: Template, change: TemplateChange): Promise<number[]> {
  const ids = {
    message_template_id: Number(template.id),
    message_template_name: template.name,
    message_template_language: template.language,
  }
  const posts: Promise<number>[] = []
  const tell = (field: string, value: Json): void => {
    posts.push(
      world.webhooks.post(envelope(template.businessAccountId, field, value, Math.floor(world.state.now() / 1000))),
    )
  }
  template.updatedAt = world.state.now()
  if (change.status) {
    template.status = change.status.toUpperCase()
    template.rejectedReason = change.reason ?? 'NONE'
    posts.push(announceStatus(world, template, change.title))
  }
  if (change.quality) {
    tell('message_template_quality_update', {
      previous_quality_score: template.quality,
      new_quality_score: change.quality,
      ...ids,
    })
    template.quality = change.quality
  }
  if (change.category) {
    tell('template_category_update', { ...ids, previous_category: template.category, new_category: change.category })
    template.previousCategory = template.category
    template.category = change.category
  }
  if (change.components) {
    template.components = change.components
    const body = change.components.find((component) => str(component.type).toUpperCase() === 'BODY')
    tell('message_template_components_update', { ...ids, message_template_element: str(body?.text) })
  }
  return Promise.all(posts)
}

function announceStatus(world: World, template: Template, title?: string): Promise<number> {
  const value = {
    event: template.status,
    message_template_id: Number(template.id),
    message_template_name: template.name,
    message_template_language: template.language,
    reason: template.rejectedReason,
    message_template_category: template.category,
    ...(title ? { other_info: { title, description: 'Your WhatsApp message template has changed.' } } : {}),
    ...(template.status === 'DISABLED'
      ? { disable_info: { disable_date: new Date(world.state.now()).toISOString().slice(0, 10) } }
      : {}),
  }
  return world.webhooks.post(
    envelope(template.businessAccountId, 'message_template_status_update', value, Math.floor(world.state.now() / 1000)),
  )
}

/** A template as GET shows it. */
export const templateJson = (template: Template): Json => ({
  name: template.name,
  parameter_format: template.parameterFormat,
  components: template.components,
  language: template.language,
  status: template.status,
  category: template.category,
  ...(template.previousCategory ? { previous_category: template.previousCategory } : {}),
  quality_score: { score: template.quality, date: Math.floor(template.updatedAt / 1000) },
  rejected_reason: template.rejectedReason,
  last_updated_time: Math.floor(template.updatedAt / 1000),
  ...(template.timeToLiveSeconds === null ? {} : { message_send_ttl_seconds: template.timeToLiveSeconds }),
  health_status: { can_send_message: template.status === 'APPROVED' ? 'AVAILABLE' : 'BLOCKED', entities: [] },
  id: template.id,
})
