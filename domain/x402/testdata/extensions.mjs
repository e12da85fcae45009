// Writes extensions-clients.json: what the official x402 clients and their extensions, unmodified, make of
// extensions.json (line 1: the 402's body; 2: PAYMENT-REQUIRED before base64; 3: the seller's public key;
// 4: PAYMENT-RESPONSE).
//
//   cd $(mktemp -d) && npm init -y >/dev/null
//   npm i x402-fetch@1.2.0 @x402/fetch@2.27.0 @x402/evm@2.27.0 @x402/core@2.27.0 @x402/extensions@2.27.0 \
//     viem@2.57.0
//   cp .../domain/x402/testdata/* . && node extensions.mjs
//   cp extensions-clients.json .../domain/x402/testdata/
//
// The key is the first of every development node (anvil, hardhat); nothing is worth anything there.
import { readFileSync, writeFileSync } from "node:fs";
import { privateKeyToAccount } from "viem/accounts";
import { createSigner, wrapFetchWithPayment as wrapV1 } from "x402-fetch";
import { wrapFetchWithPayment as wrapV2, x402Client } from "@x402/fetch";
import { registerExactEvmScheme } from "@x402/evm/exact/client";
import { appendPaymentIdentifierToExtensions } from "@x402/extensions/payment-identifier";
import { createSIWxPayload, encodeSIWxHeader } from "@x402/extensions/sign-in-with-x";
import {
  extractOffersFromPaymentRequired, findAcceptsObjectFromSignedOffer, verifyOfferSignatureJWS, verifyReceiptSignatureJWS,
} from "@x402/extensions/offer-receipt";
import {
  extractDiscoveryInfoV1, validateDiscoveryExtension, validateDiscoveryExtensionSpec,
} from "@x402/extensions/bazaar";

const key = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
const account = privateKeyToAccount(key);
const [body, required, x, receiptHeader] = readFileSync("extensions.json", "utf8").split("\n");
const challenge = JSON.parse(required);
const url = challenge.resource.url;
const headers = {};
const utf8 = (text) => Buffer.from(text, "utf8").toString("base64");

async function server(input, init) {
  const sent = new Request(input, init).headers;
  for (const name of ["X-PAYMENT", "PAYMENT-SIGNATURE"]) {
    if (sent.has(name)) {
      headers[name] = sent.get(name);
      return new Response("paid");
    }
  }
  return new Response(body, {
    status: 402,
    headers: { "Content-Type": "application/json", "PAYMENT-REQUIRED": utf8(required) },
  });
}

await wrapV1(server, await createSigner("base-sepolia", key))(url);

const paymentId = "pay_7d5d747be160e280504c099d984bcfe0";
const client = new x402Client();
registerExactEvmScheme(client, { signer: account });
client.onBeforePaymentCreation(async ({ paymentRequired }) => {
  appendPaymentIdentifierToExtensions(paymentRequired.extensions, paymentId);
});
await wrapV2(server, client)(url);

const asked = challenge.extensions["sign-in-with-x"];
const chain = asked.supportedChains[0];
const bare = { ...asked.info, ...chain };
for (const name of ["statement", "expirationTime", "resources"]) delete bare[name];
const signedIn = {
  whole: encodeSIWxHeader(await createSIWxPayload({ ...asked.info, ...chain }, account, url)),
  bare: encodeSIWxHeader(await createSIWxPayload(bare, account, url)),
};

const jwk = { kty: "OKP", crv: "Ed25519", alg: "EdDSA", x };
const [sealed] = extractOffersFromPaymentRequired(challenge);
if (findAcceptsObjectFromSignedOffer(sealed, challenge.accepts) !== challenge.accepts[0]) throw new Error("no match");
const offer = await verifyOfferSignatureJWS(sealed, jwk);
const response = JSON.parse(Buffer.from(receiptHeader, "base64"));
const receipt = await verifyReceiptSignatureJWS(response.extensions["offer-receipt"].info.receipt, jwk);

const listed = challenge.extensions.bazaar;
const discovery = {
  valid: validateDiscoveryExtension(listed).valid && validateDiscoveryExtensionSpec(listed).valid,
  v2: listed.info,
  v1: extractDiscoveryInfoV1(JSON.parse(body).accepts[0]),
};

writeFileSync("extensions-clients.json", JSON.stringify({
  signedAt: Math.floor(Date.now() / 1000), payer: account.address, headers, paymentId, signedIn, offer, receipt, discovery,
}, null, 2) + "\n");
