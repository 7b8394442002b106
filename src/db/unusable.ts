/** The database cannot be used as it is; the message says why and what to do, in a sentence or two. */
export class UnusableDatabase extends Error {}
