import type { Channel } from './channel.ts'

/** Dates as readers in Europe write them: "29 November 2026, 13:01", not "November 29, 2026 at 1:01 PM". */
export const localeOf = ({ language }: Pick<Channel, 'language'>): string => (language === 'en' ? 'en-GB' : language)
