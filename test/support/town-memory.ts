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
    else if (value === 'stop') this.#note(ids, at)
  }

  moves(old: readonly string[], fresh: readonly string[], at: number): void {
    const no = this.#noOf(old)
    if (no !== null) this.#note(fresh, no)
    const who = old.map((id) => this.#people.find(({ ids }) => ids.has(id))).find((one) => one !== undefined)
    const formerly = this.#people.filter((one) => one !== who && old.some((id) => one.former.has(id)))
    for (const one of formerly) for (const id of fresh) if (!one.ids.has(id)) one.former.add(id)
    if (!who) {
      for (const one of this.#people) if (fresh.some((id) => one.ids.has(id))) this.#honour(one, at)
      return
    }
    const others = this.#people.filter((one) => one !== who && [...old, ...fresh].some((id) => one.ids.has(id)))
    this.#unite(who, others, at)
    for (const id of who.ids) if (!fresh.includes(id)) who.former.add(id)
    who.ids = new Set(fresh)
    this.#honour(who, at)
  }

  /** A line of a list: nobody who ever said no comes back by it. What it says of somebody's ids is where a no of theirs may come from, and counts for. */
  isListed(ids: readonly string[], statedAt: number): void {
    const holders = this.#people.filter((one) => ids.some((id) => one.ids.has(id)))
    const [who] = holders
    if (holders.length > 1) return
    if (this.#noOf([...ids, ...(who?.ids ?? []), ...(who?.former ?? [])]) === null) {
      if (who && who.yes === null && who.no === null && who.stoppedMarketing === null) who.yes = statedAt
      if (!who && !this.#find(ids)) Object.assign(this.#stranger(ids), { yes: statedAt })
    }
    if (who) for (const id of ids) if (!who.ids.has(id)) who.former.add(id)
    const no = this.#noOf(ids)
    if (!who && no !== null && !this.#find(ids)) this.#note(ids, no)
  }

  /** So much time has passed that everybody who is not subscribed is forgotten. */
  forgetsTheIdle(): void {
    for (const who of this.#people.filter(({ yes }) => yes === null)) {
      const no = Math.max(who.no ?? 0, who.stoppedMarketing ?? 0)
      this.#forget(who, no === 0 ? null : no)
    }
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

  #endFormer(who: Acquaintance, ids: readonly string[], at: number): void {
    for (const one of this.#people)
      if (one !== who && one.yes !== null && ids.some((id) => one.former.has(id)))
        Object.assign(one, { yes: null, no: at })
  }

  /** What was said under one of their ids stays under all of them. */
  #forget(who: Acquaintance, at: number | null): void {
    const ids = [...who.ids, ...who.former]
    const no = Math.max(at ?? 0, this.#noOf(ids) ?? 0)
    if (no > 0) this.#note(ids, no)
    this.#people = this.#people.filter((one) => one !== who)
  }
}
