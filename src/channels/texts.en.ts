import type { Texts } from './replies.ts'

/** The same for channels with `language: en`. Keywords stay as the channel file has them. */
export const textsEn: Texts = {
  replies: {
    greeting:
      'Hello, this is {name} ({town}).\n\n{offers}\n\nWhat we store: {noticeUrl}\nIn an emergency please call 112 or 110.',
    messageKept:
      'We pass your message on as soon as you agree to the chat. Otherwise we delete it unread after 24 hours.',
    joinedInfo:
      'Welcome! You now get the news of “{name}”. You can leave at any time: write {leaveInfo}. Privacy: {noticeUrl}',
    joinedChat:
      'You are now in the chat with: {town}. Write to us, we accept {accepts}. You can leave at any time: write {leaveChat}. Privacy: {noticeUrl}',
    joinedChatForwarded:
      'Thank you, we have passed your message on. You are now in the chat with: {town}. You can leave at any time: write {leaveChat}. Privacy: {noticeUrl}',
    alreadyInInfo: 'You already get our news. You can leave at any time: write {leaveInfo}. Privacy: {noticeUrl}',
    alreadyInChat:
      'You are already in the chat. Just write to us. You can leave with {leaveChat}. Privacy: {noticeUrl}',
    leftInfo: 'You have left and get no more news from “{name}”. You can come back with {joinInfo}.',
    leftChat: 'The chat has ended. To write to us again, please begin with {joinChat}.',
    leftOpenChat: 'The chat has ended. To write to us again, just send a message.',
    leftAll:
      'You have left everything and get no more messages from “{name}”. If you want us to delete your data as well, write LÖSCHEN.',
    notInInfo: 'You are not subscribed and get no news. You can subscribe with {joinInfo}.',
    notInChat: 'You are not in the chat. You can begin with {joinChat}.',
    notInOpenChat: 'No chat is open at the moment. To write to us, just send a message.',
    notInAny: 'You are not subscribed to anything and get no messages from us.',
    help: '{name}: this is what you can write.\n\n{commands}\n\nWhat we store: {noticeUrl}\nIn an emergency please call 112 or 110.',
    status: '{status}\n\nWrite AUSKUNFT to learn what we store about you.',
    noInfoHere:
      'There is no newsletter here: you are not subscribed to anything. But you can write to us, we accept {accepts}. You find our news at {website}.',
    noChatHere:
      'We cannot read messages on this channel. How to reach us: {website}. Write HILFE to see what is possible here.',
    refusedType:
      'We cannot read this here and have not passed it on. We accept {accepts}. Other ways to reach us: {website}.',
    refusedCall:
      'We cannot take calls here. Please write to us, we accept {accepts}. Other ways to reach us: {website}. In an emergency please call 112 or 110.',
    chatOpened:
      'Thank you for your message to: {town}. We will answer here. {erasure} You can leave at any time: write {leaveChat}. Privacy: {noticeUrl}',
    optInAsk:
      'May we pass your message on and answer you here? Then please tap the button or write {joinChat}. Otherwise we delete it unread after 24 hours. Privacy: {noticeUrl}',
    officeClosed:
      '{closure} We read your message {opening}. In an emergency please call 112 (fire, ambulance) or 110 (police).',
    askBack: 'Did you mean {keyword}? Then please tap the button or write {keyword}.',
    unchanged: 'Fine, everything stays as it is.',
    topicsHint: 'You get all topics. If you want only some, choose below or write THEMEN.',
    topicsAsk: 'At the moment you get: {chosen}. Which topics would you like? Choose them one after the other.',
    topicsChosen: 'You now get: {chosen}. You can change that with THEMEN and leave with {leaveInfo}.',
    disclosure: '{data}\n\nAll of it: {link}\nThe link works once and only for you.',
    eraseAsk:
      'Shall we delete everything we store about you? Your subscriptions end with it. This cannot be undone. Tap the button or write JA.',
    notErased:
      'Nothing has been deleted yet. If you want that, please tap “Yes, delete it all” above or write LÖSCHEN.',
    erased:
      'We have deleted what we stored about you. You get no more messages from us. Only a proof remains from which nobody can read your number. We store it again only if you write to us again.',
  },
  buttons: {
    joinInfo: 'Get the news',
    joinChat: 'Begin the chat',
    leaveInfo: 'Leave the news',
    leaveChat: 'Leave the chat',
    leaveAll: 'Leave everything',
    keep: 'No',
    help: 'Help',
    eraseYes: 'Yes, delete it all',
    eraseNo: 'No, keep it',
    allTopics: 'All topics',
    chooseTopics: 'Choose topics',
  },
  phrases: {
    offerInfo: '{joinInfo}: get the news of the town',
    offerChat: '{joinChat}: write us a message',
    anyMessage: 'Just write to us, we accept {accepts}.',
    leaveInfo: '{leaveInfo}: no more news',
    leaveChat: '{leaveChat}: leave the chat',
    builtIn:
      'STATUS: what you are subscribed to\nSTOP ALLES: leave everything\nAUSKUNFT: what we store about you\nLÖSCHEN: delete everything about you',
    erasure: 'Once the matter is settled we delete your number, your name and the whole chat.',
    info: 'News',
    chat: 'Chat',
    subscribedSince: 'subscribed since {day}',
    withTopics: 'topics: {topics}',
    allTopics: 'all topics',
    everyTopic: 'get everything, also on new topics',
    addTopic: 'add it',
    dropTopic: 'chosen, tap to take it away',
    onlyTopic: 'chosen',
    moreTopics: 'More topics …',
    topicsWord: 'THEMEN: choose what you get news about',
    notSubscribed: 'not subscribed',
    today: 'today',
    onDay: 'on {day}',
    fromTime: '{day} from {time}',
    holiday: 'Today is',
    noConsentNeeded: 'Just write to us.',
    openMatter: 'Your matter is still open. To end the chat, write {leaveChat}.',
  },
  kinds: {
    text: 'text',
    image: 'photos',
    video: 'videos',
    audio: 'voice messages',
    document: 'documents',
    sticker: 'stickers',
    location: 'locations',
    contacts: 'contacts',
    reaction: 'reactions',
  },
}
