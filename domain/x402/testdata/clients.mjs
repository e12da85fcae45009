// Writes clients.json: what the official x402 clients, unmodified and with default settings, send for
// challenge.json (line 1: the 402's body; line 2: PAYMENT-REQUIRED before base64).
//
//   cd $(mktemp -d) && npm init -y >/dev/null
//   npm i x402-fetch@1.2.0 @x402/fetch@2.27.0 @x402/evm@2.27.0 @x402/core@2.27.0 viem@2.57.0
//   cp .../domain/x402/testdata/* . && node clients.mjs && cp clients.json .../domain/x402/testdata/
//
// The key is the first of every development node (anvil, hardhat); nothing is worth anything there.
import { readFileSync, writeFileSync } from "node:fs";
import { privateKeyToAccount } from "viem/accounts";
import { createSigner, wrapFetchWithPayment as wrapV1 } from "x402-fetch";
import { wrapFetchWithPayment as wrapV2, x402Client } from "@x402/fetch";
import { registerExactEvmScheme } from "@x402/evm/exact/client";

const key = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
const [body, required] = readFileSync("challenge.json", "utf8").split("\n");
const headers = {};

// server asks for payment once and remembers what it is sent.
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
    headers: { "Content-Type": "application/json", "PAYMENT-REQUIRED": btoa(required) },
  });
}

const url = "https://api.example.com/premium-data";
await wrapV1(server, await createSigner("base-sepolia", key))(url);
const client = new x402Client();
registerExactEvmScheme(client, { signer: privateKeyToAccount(key) });
await wrapV2(server, client)(url);

const signedAt = Math.floor(Date.now() / 1000);
writeFileSync("clients.json", JSON.stringify({
  signedAt, payer: privateKeyToAccount(key).address, headers,
}, null, 2) + "\n");
