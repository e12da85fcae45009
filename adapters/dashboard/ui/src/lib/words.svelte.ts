import { fill } from "./fill";
import { remember, remembered } from "./keep";
import type { Word, Words } from "../words/en";

export const languages = { en: "English", ja: "日本語", zh: "简体中文" } as const;
export type Language = keyof typeof languages;

// One list is loaded, that of the language somebody reads.
const lists: Record<Language, () => Promise<Words>> = {
  en: async () => (await import("../words/en")).en,
  ja: async () => (await import("../words/ja")).ja,
  zh: async () => (await import("../words/zh")).zh,
};

const spoken = $state<{ language: Language; words: Partial<Words> }>({ language: "en", words: {} });

function isLanguage(text: string): text is Language {
  return text in languages;
}

// speak loads the words of a language: the one named, else the one chosen before, else the browser's.
export async function speak(named?: Language): Promise<void> {
  const wishes = [named, remembered("language"), ...navigator.languages.map((l) => l.slice(0, 2))];
  const language = wishes.find((w): w is Language => !!w && isLanguage(w)) ?? "en";
  spoken.words = await lists[language]();
  spoken.language = language;
  document.documentElement.lang = language;
  if (named) remember("language", named);
}

export function language(): Language {
  return spoken.language;
}

// t is a text in the language spoken.
export function t(word: Word, values?: Record<string, string | number>): string {
  return fill(spoken.words[word] ?? word, values);
}

// told is a text for a code of the gateway, or the code itself, legibly, when there is none.
export function told(family: string, code: string): string {
  return spoken.words[`${family}.${code}` as Word] ?? code.replaceAll("_", " ");
}

// saying is a failure for people. The gateway's own sentence is exact, and English; where the word list
// has one for its code, that is said instead.
export function saying(failure: { code: string; message: string }): string {
  const own = spoken.words[`wrong.${failure.code.toLowerCase()}` as Word];
  return own ?? (failure.message || failure.code);
}
