import type { Child } from 'hono/jsx'

const ids = (name: string) => name.replace(/[^a-zA-Z0-9_-]/g, '-')

const describedBy = (id: string, hint: unknown, error: string | undefined, counter?: boolean) =>
  [hint && `${id}-hinweis`, error && `${id}-fehler`, counter && `${id}-zaehler`].filter(Boolean).join(' ') || undefined

export const FieldError = ({ id, error }: { id: string; error?: string }) =>
  error ? (
    <p class="kern-error" id={`${id}-fehler`}>
      <span class="kern-icon kern-icon--danger" aria-hidden="true" />
      <span class="kern-body">{error}</span>
    </p>
  ) : null

type TextProps = {
  name: string
  label: string
  value?: string
  hint?: Child
  error?: string
  type?: string
  required?: boolean
  /** Shows how many characters there are and may be. */
  max?: number
  rows?: number
  autocomplete?: string
  inputmode?: string
  placeholder?: string
  optional?: boolean
}

/** One line or, with `rows`, a text of several lines, with its label, hint, error and counter tied to it. */
export function TextField(props: TextProps) {
  const { name, label, value = '', hint, error, type = 'text', required, max, rows, optional, ...rest } = props
  const id = ids(name)
  const shared = {
    id,
    name,
    class: `kern-form-input__input${error ? ' kern-form-input__input--error' : ''}`,
    required,
    'aria-invalid': error ? ('true' as const) : undefined,
    'aria-describedby': describedBy(id, hint, error, max !== undefined),
    'data-max': max === undefined ? undefined : String(max),
    ...(rest as object),
  }
  return (
    <div class={`kern-form-input field${error ? ' kern-form-input--error' : ''}`}>
      <label class="kern-label" for={id}>
        {label}
        {optional ? <span class="kern-label__optional"> – freiwillig</span> : null}
      </label>
      {hint ? (
        <div class="kern-hint" id={`${id}-hinweis`}>
          {hint}
        </div>
      ) : null}
      {rows ? (
        <textarea {...shared} rows={rows}>
          {value}
        </textarea>
      ) : (
        <input {...shared} type={type} value={type === 'password' ? undefined : value} />
      )}
      {max !== undefined ? (
        <p class="kern-body kern-body--small counter" id={`${id}-zaehler`}>
          {`${value.length} von ${max} Zeichen`}
        </p>
      ) : null}
      <FieldError id={id} error={error} />
    </div>
  )
}

export type Choice = { value: string; label: Child; hint?: string; checked?: boolean }

/** Several boxes or, with `single`, exactly one of several. */
export const Choices = ({
  name,
  legend,
  choices,
  single,
  hint,
  error,
}: {
  name: string
  legend: string
  choices: readonly Choice[]
  single?: boolean
  hint?: Child
  error?: string
}) => {
  const id = ids(name)
  const kind = single ? 'radio' : 'checkbox'
  return (
    <fieldset
      class={`kern-fieldset field${error ? ' kern-fieldset--error' : ''}`}
      aria-describedby={describedBy(id, hint, error)}
    >
      <legend class="kern-label">{legend}</legend>
      {hint ? (
        <div class="kern-hint" id={`${id}-hinweis`}>
          {hint}
        </div>
      ) : null}
      <div class="kern-fieldset__body">
        {choices.map(({ value, label, hint: more, checked }) => (
          <div class="kern-form-check">
            <input
              class={`kern-form-check__${kind}`}
              type={kind}
              id={`${id}-${ids(value)}`}
              name={name}
              value={value}
              checked={checked}
              aria-describedby={more ? `${id}-${ids(value)}-mehr` : undefined}
            />
            <div>
              <label class="kern-label" for={`${id}-${ids(value)}`}>
                {label}
              </label>
              {more ? (
                <p class="kern-body kern-body--small more-hint indent" id={`${id}-${ids(value)}-mehr`}>
                  {more}
                </p>
              ) : null}
            </div>
          </div>
        ))}
      </div>
      <FieldError id={id} error={error} />
    </fieldset>
  )
}

export const Select = ({
  name,
  label,
  options,
  value,
  hint,
  error,
}: {
  name: string
  label: string
  options: readonly (readonly [value: string, label: string])[]
  value?: string
  hint?: Child
  error?: string
}) => {
  const id = ids(name)
  return (
    <div class={`kern-form-input field${error ? ' kern-form-input--error' : ''}`}>
      <label class="kern-label" for={id}>
        {label}
      </label>
      {hint ? (
        <div class="kern-hint" id={`${id}-hinweis`}>
          {hint}
        </div>
      ) : null}
      <div class="kern-form-input__select-wrapper">
        <select
          class={`kern-form-input__select${error ? ' kern-form-input__select--error' : ''}`}
          id={id}
          name={name}
          aria-invalid={error ? 'true' : undefined}
          aria-describedby={describedBy(id, hint, error)}
        >
          {options.map(([option, words]) => (
            <option value={option} selected={option === value}>
              {words}
            </option>
          ))}
        </select>
      </div>
      <FieldError id={id} error={error} />
    </div>
  )
}

/** Everything that is wrong with a form, above it, each leading to its field. */
export const ErrorSummary = ({ problems }: { problems: readonly { field: string; message: string; to?: string }[] }) =>
  problems.length === 0 ? null : (
    <div class="kern-alert kern-alert--danger" role="alert" tabindex={-1} data-focus="">
      <div class="kern-alert__header">
        <span class="kern-icon kern-icon--danger" aria-hidden="true" />
        <span class="kern-title">
          {problems.length === 1 ? 'Eine Angabe stimmt noch nicht' : `${problems.length} Angaben stimmen noch nicht`}
        </span>
      </div>
      <div class="kern-alert__body">
        <ul class="kern-list">
          {problems.map(({ message, to }) => (
            <li class="kern-body">{to ? <a href={`#${ids(to)}`}>{message}</a> : message}</li>
          ))}
        </ul>
      </div>
    </div>
  )
