import assert from "node:assert/strict";
import { test } from "node:test";
import { ask, unattended } from "../src/api/client";

// What a page asks by itself is said to be so, and what somebody asks for at the same time is not.
test("nobody is there by what is asked by itself", async () => {
  const marks: (string | null)[] = [];
  const real = globalThis.fetch;
  globalThis.fetch = async (_, init) => {
    marks.push(new Headers(init?.headers).get("Dashboard-Unattended"));
    return new Response(JSON.stringify({ data: {} }));
  };
  try {
    const question = () => ask("{ viewer { id } }" as never, {} as never);
    await Promise.all([question(), unattended(question), question()]);
    assert.throws(() => unattended(() => { throw new Error("broken"); }));
    await question();
  } finally {
    globalThis.fetch = real;
  }
  assert.deepEqual(marks, [null, "1", null, null]);
});
