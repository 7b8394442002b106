const SPELLED: readonly (readonly [RegExp, string])[] = [
  [/strasse/g, 'straße'],
  [/ae/g, 'ä'],
  [/oe/g, 'ö'],
  [/(?<![aeq])ue/g, 'ü'],
]

/** A name that Meta wants in small letters without umlauts, as people write it: `strasse` → `Straße`, `stadt_meldung` → `Stadt Meldung`. */
export const inWords = (name: string): string =>
  name
    .split('_')
    .filter(Boolean)
    .map((part) => {
      const word = SPELLED.reduce((spelled, [from, to]) => spelled.replace(from, to), part)
      return word[0]!.toUpperCase() + word.slice(1)
    })
    .join(' ')
