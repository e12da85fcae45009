// What a page shows of the gateway: asked for when the page opens, when what it depends on changes, and
// when the gateway hints that something is new.
import { unattended } from "../api/client";
import { failureOf, type Failure } from "../api/failure";
import { news, type News } from "./live.svelte";

const slowly = 30_000; // milliseconds

export type Load<T> = {
  readonly value: T | undefined;
  readonly failure: Failure | undefined;
  again: () => Promise<void>;
};

// load asks, and asks again whenever something that question read has changed. It is called while a
// component is made.
export function load<T>(question: () => Promise<T>, on?: News, same?: () => unknown): Load<T> {
  let value = $state.raw<T>();
  let failure = $state.raw<Failure>();
  let turn = 0;
  let about: unknown;
  let heard: number | undefined; // how much news there was when it was asked last

  async function answer(asked: Promise<T>): Promise<void> {
    const mine = ++turn;
    try {
      const got = await asked;
      if (mine !== turn) return;
      value = got;
      failure = undefined;
    } catch (err) {
      if (mine !== turn) return;
      failure = failureOf(err);
    }
  }

  $effect(() => {
    const now = on ? news(on) : 0;
    const hinted = heard !== undefined && heard !== now;
    heard = now;
    const subject = JSON.stringify(same?.() ?? null);
    if (subject !== about) {
      about = subject;
      value = undefined;
      failure = undefined;
    }
    void answer(hinted ? unattended(question) : question());
  });

  // Hints can be lost on the way, and a proxy may hold them back: what is looked at is asked for again
  // now and then.
  $effect(() => {
    if (!on) return;
    const timer = setInterval(() => {
      if (document.visibilityState === "visible") void answer(unattended(question));
    }, slowly);
    return () => clearInterval(timer);
  });

  return {
    get value() { return value; },
    get failure() { return failure; },
    again: () => answer(question()),
  };
}
