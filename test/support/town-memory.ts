/** One person as far as the town can tell: what it was told under ids that belong together. */
type Acquaintance = {
  ids: Set<string>
  /** Ids they had before a change. */
  former: Set<string>
  /** When they agreed, as long as it holds. */
  yes: number | null
  no: number | null
  stoppedMarketing: number | null
}

/**
 * What a town may know, and whom it may write to, told in the plainest way: the last word counts, under whichever id it was said, as soon as it is known
 * whose it was. The measure for what the database holds.
 */
export class TownMemory {
  #people: Acquaintance[] = []
  /** Ids of people erased, and when they last said no. */
  readonly #noes = new Map<string, number>()
  /** Ids of strangers who stopped advertising inside WhatsApp. */
  readonly #marks = new Set<string>()

  /** The ids of everybody whom a broadcast reaches. */
  recipients({ marketing = false } = {}): string[] {
    return this.#people
      .filter(({ yes, stoppedMarketing }) => yes !== null && !(marketing && stoppedMarketing !== null))
      .map(({ ids }) => [...ids].sort().join(' '))
      .sort()
  }

  /** These ids came together in one message. */
  meets(ids: readonly string[], at: number): Acquaintance {
    const [known, ...others] = this.#people.filter((one) => ids.some((id) => one.ids.has(id)))
    const who = known ?? this.#stranger()
    this.#unite(who, others, at)
    for (const id of ids) who.ids.add(id)
    this.#honour(who, at)
    return who
  }

  says(word: 'yes' | 'no', ids: readonly string[], at: number): void {
    const who = this.meets(ids, at)
    if (word === 'yes') {
      who.yes ??= at
      return
    }
    if (who.yes === null) this.#endFormer(who, ids, at)
    who.yes = null
    who.no = at
  }

  erases(ids: readonly string[], at: number): void {
    const who = this.meets(ids, at)
    this.#forget(who, at)
    if (who.yes === null) this.#endFormer(who, ids, at)
  }

  /** Erased or signed off at the counter. */
  isAskedByTheOffice(what: 'erase' | 'sign off', phone: string, at: number): void {
    const who = this.#find([phone])
    if (who && what === 'erase') this.#forget(who, at)
    else if (who) Object.assign(who, { yes: null, no: at })
    else if (what === 'sign off') this.#note([phone], at)
  }

  prefers(value: 'stop' | 'resume', ids: readonly string[], at: number): void {
    const who = this.#find(ids)
    if (who) who.stoppedMarketing = value === 'stop' ? at : null
    else for (const id of ids) value === 'stop' ? this.#marks.add(id) : this.#marks.delete(id)
  }

  /** An old id that nobody had is theirs as of now, with what was said under it. */
  moves(old: readonly string[], fresh: readonly string[], at: number): void {
    const isHeld = (id: string) => this.#people.some(({ ids }) => ids.has(id))
    const noes = [this.#noOf(old.filter((id) => !isHeld(id)))]
    if (!old.some(isHeld))
      for (const one of this.#people) if (old.some((id) => one.former.has(id))) noes.push(this.#latestNoOf(one))
    const no = Math.max(...noes.map((one) => one ?? 0))
    if (no > 0) this.#note(fresh, no)
    const who = old.map((id) => this.#people.find(({ ids }) => ids.has(id))).find((one) => one !== undefined)
    if (!who) {
      for (const one of this.#people) if (fresh.some((id) => one.ids.has(id))) this.#honour(one, at)
      return
    }
    const others = this.#people.filter((one) => one !== who && [...old, ...fresh].some((id) => one.ids.has(id)))
    const known = others.filter(({ ids }) => fresh.some((id) => ids.has(id))).flatMap(({ ids }) => [...ids])
    this.#unite(who, others, at)
    // What was told of one kind alone is completed by whoever is known by it.
    const next = [...fresh, ...known.filter((id) => !fresh.some((one) => isPhone(one) === isPhone(id)))]
    for (const id of who.ids) if (!next.includes(id)) who.former.add(id)
    who.ids = new Set(next)
    this.#honour(who, at)
  }

  /** A line of a list: nobody who ever said no comes back by it. What it says of somebody's ids is where a no of theirs may come from, and counts for. */
  isListed(ids: readonly string[], statedAt: number): void {
    const holders = this.#people.filter((one) => ids.some((id) => one.ids.has(id)))
    const [who] = holders
    if (holders.length > 1) return
    const all = [...ids, ...(who?.ids ?? []), ...(who?.former ?? [])]
    if (this.#noOf(all) === null && !all.some((id) => this.#marks.has(id))) {
      if (who && who.yes === null && who.no === null && who.stoppedMarketing === null) who.yes = statedAt
      if (!who && !this.#find(ids)) Object.assign(this.#stranger(ids), { yes: statedAt })
    }
    if (who) for (const id of ids) if (!who.ids.has(id)) who.former.add(id)
    const no = this.#noOf(ids)
    if (!who && no !== null && !this.#find(ids)) this.#note(ids, no)
  }

  /** So much time has passed that everybody who is not subscribed is forgotten. */
  forgetsTheIdle(): void {
    for (const who of this.#people.filter(({ yes }) => yes === null)) this.#forget(who, null)
  }

  #stranger(ids: readonly string[] = []): Acquaintance {
    const who = { ids: new Set(ids), former: new Set<string>(), yes: null, no: null, stoppedMarketing: null }
    this.#people.push(who)
    return who
  }

  #find(ids: readonly string[]): Acquaintance | undefined {
    const by = (which: 'ids' | 'former') => ids.map((id) => this.#people.find((one) => one[which].has(id)))
    return [...by('ids'), ...by('former')].find((one) => one !== undefined)
  }

  /** What ends because it turns out that a no came later counts as a no from now on. */
  #unite(who: Acquaintance, others: readonly Acquaintance[], at: number): void {
    const all = [who, ...others]
    const latest = (what: 'yes' | 'no' | 'stoppedMarketing') =>
      all.reduce<number | null>((last, one) => (one[what] !== null && one[what] > (last ?? 0) ? one[what] : last), null)
    const [yes, no] = [latest('yes'), latest('no')]
    const ends = others.length > 0 && yes !== null && no !== null && yes <= no
    Object.assign(who, { yes: ends ? null : yes, no: ends ? at : no, stoppedMarketing: latest('stoppedMarketing') })
    for (const { ids, former } of others) {
      for (const id of ids) who.ids.add(id)
      for (const id of former) who.former.add(id)
    }
    this.#people = this.#people.filter((one) => !others.includes(one))
  }

  #honour(who: Acquaintance, at: number): void {
    const { yes, ids } = who
    if (yes !== null && (this.#noOf([...ids]) ?? 0) >= yes) Object.assign(who, { yes: null, no: at })
  }

  #note(ids: readonly string[], no: number): void {
    for (const id of ids) this.#noes.set(id, Math.max(this.#noes.get(id) ?? 0, no))
  }

  /** The latest of what was said under one of these ids by people who are forgotten. */
  #noOf(ids: readonly string[]): number | null {
    const noes = ids.flatMap((id) => this.#noes.get(id) ?? [])
    return noes.length === 0 ? null : Math.max(...noes)
  }

  #latestNoOf({ no, stoppedMarketing, ids, former }: Acquaintance): number | null {
    const noes = [no, stoppedMarketing, this.#noOf([...ids, ...former])].filter((one) => one !== null)
    return noes.length === 0 ? null : Math.max(...noes)
  }

  #endFormer(who: Acquaintance, ids: readonly string[], at: number): void {
    for (const one of this.#people)
      if (one !== who && one.yes !== null && ids.some((id) => one.former.has(id)))
        Object.assign(one, { yes: null, no: at })
  }

  /** What was said under one of their ids stays under all of them. */
  #forget(who: Acquaintance, at: number | null): void {
    const ids = [...who.ids, ...who.former]
    const no = Math.max(at ?? 0, this.#latestNoOf(who) ?? 0)
    if (no > 0) this.#note(ids, no)
    this.#people = this.#people.filter((one) => one !== who)
  }
}

const isPhone = (id: string): boolean => id.startsWith('+')
