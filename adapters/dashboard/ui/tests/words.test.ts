import assert from "node:assert/strict";
import { test } from "node:test";
import { fill } from "../src/lib/fill";
import { en } from "../src/words/en";
import { ja } from "../src/words/ja";
import { zh } from "../src/words/zh";

const names = (text: string) => [...text.matchAll(/\{\w+\}/g)].map((m) => m[0]).sort();

for (const [language, words] of Object.entries({ ja, zh })) {
  test(`${language} has every word, and none too many`, () => {
    assert.deepEqual(Object.keys(words).sort(), Object.keys(en).sort());
  });

  test(`${language} names the same values`, () => {
    for (const [word, text] of Object.entries(words)) {
      assert.ok(text.trim() !== "", word);
      assert.deepEqual(names(text), names(en[word as keyof typeof en]), word);
    }
  });
}

test("values are filled in, and what has none is left to be seen", () => {
  assert.equal(fill("{n} of {all}", { n: 3 }), "3 of {all}");
  assert.equal(fill("{what}", { what: "{n}" }), "{n}");
});
