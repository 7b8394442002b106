/** A wait that ends when it is rung, or after its time. Rung while nobody waits, it does nothing. */
export class Bell {
  #ring: (() => void) | null = null

  get isAwaited(): boolean {
    return this.#ring !== null
  }

  ring(): void {
    this.#ring?.()
  }

  async wait(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#ring = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#ring = null
  }
}
