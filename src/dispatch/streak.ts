import { isAboutAll } from '../whatsapp/outcome.ts'

/** So many equal errors in a row are about more than the people who were written to. */
const MANY = 20

/** Errors in a row of one code that nobody has explained yet, or that means the country: at some point not these people's fault. */
export class Streak {
  #code = 0
  #times = 0

  /**
   * Notes one outcome.
   * @param code of the error for which WhatsApp refused one person; undefined for any other outcome
   * @returns whether there were so many in a row that the error is about all
   */
  note(code: number | undefined): boolean {
    const counts = code !== undefined && isAboutAll(code)
    this.#times = !counts ? 0 : code === this.#code ? this.#times + 1 : 1
    this.#code = counts ? code : 0
    return this.#times >= MANY
  }
}
