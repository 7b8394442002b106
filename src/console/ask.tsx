import type { Child } from 'hono/jsx'

/**
 * A deed that cannot be undone, behind a question: the first press opens it, the button inside does it. Stands within its form and needs no script. Only
 * one question is open at a time.
 */
export const Ask = ({
  label,
  look = 'secondary',
  icon,
  danger,
  question,
  open,
  children,
}: {
  label: string
  look?: 'primary' | 'secondary'
  icon?: string
  danger?: boolean
  question?: string
  /** Opened already, since what was answered is to be mended. */
  open?: boolean
  children: Child
}) => (
  <details class="ask" name="frage" open={open}>
    <summary class={`kern-btn kern-btn--${look}${danger ? ' danger' : ''}`}>
      {icon ? <span class={`kern-icon kern-icon--${icon}`} aria-hidden="true" /> : null}
      <span class="kern-label">{`${label} …`}</span>
    </summary>
    <div class="card">
      {question ? <p class="kern-body">{question}</p> : null}
      {children}
    </div>
  </details>
)
