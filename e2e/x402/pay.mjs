// Pays for one or more requests with the unmodified official clients and their default settings, and
// prints what they were given, one JSON object a line.
//
//   VERSION=1|2 [CLIENT=axios] URL=http://… KEYS=0x…,0x… [RPC=http://…] node pay.mjs
//
// With a node (RPC) version 2 clients sign what lets Permit2 move their token, too, where that is offered.
//
// Every key pays once, all at the same time.
import { wrapAxiosWithPayment, x402Client as AxiosClient } from "@x402/axios";
import { ExactEvmScheme } from "@x402/evm";
import { registerExactEvmScheme } from "@x402/evm/exact/client";
import { UptoEvmScheme } from "@x402/evm/upto/client";
import { wrapFetchWithPayment, x402Client } from "@x402/fetch";
import axios from "axios";
import { privateKeyToAccount } from "viem/accounts";
import { createSigner as createAxiosSigner, withPaymentInterceptor } from "x402-axios";
import { createSigner, wrapFetchWithPayment as wrapFetchV1 } from "x402-fetch";

const { VERSION, CLIENT, URL: url, KEYS, METHOD = "GET", RPC } = process.env;

// axiosPayer pays as fetch does, by the clients for axios.
async function axiosPayer(key) {
  const plain = axios.create();
  const client =
    VERSION === "1"
      ? withPaymentInterceptor(plain, await createAxiosSigner("base-sepolia", key))
      : wrapAxiosWithPayment(
          plain,
          new AxiosClient().register("eip155:*", new ExactEvmScheme(privateKeyToAccount(key))),
        );
  return async (target, { method }) => {
    const answer = await client.request({ url: target, method });
    return {
      status: answer.status,
      headers: { get: (name) => answer.headers[name.toLowerCase()] ?? null },
      text: async () => (typeof answer.data === "string" ? answer.data : JSON.stringify(answer.data)),
    };
  };
}

async function payer(key) {
  if (CLIENT === "axios") {
    return axiosPayer(key);
  }
  if (VERSION === "1") {
    return wrapFetchV1(fetch, await createSigner("base-sepolia", key));
  }
  const client = new x402Client();
  const signer = privateKeyToAccount(key);
  const schemeOptions = RPC ? { rpcUrl: RPC } : undefined;
  registerExactEvmScheme(client, { signer, schemeOptions });
  client.register("eip155:*", new UptoEvmScheme(signer, schemeOptions));
  return wrapFetchWithPayment(fetch, client);
}

async function pay(key) {
  try {
    const answer = await (await payer(key))(url, { method: METHOD });
    const receipt = answer.headers.get(VERSION === "1" ? "X-PAYMENT-RESPONSE" : "PAYMENT-RESPONSE");
    return {
      status: answer.status,
      receipt: receipt && JSON.parse(Buffer.from(receipt, "base64").toString()),
      type: answer.headers.get("Content-Type"),
      body: await answer.text(),
    };
  } catch (error) {
    return { error: String(error?.stack ?? error) };
  }
}

for (const result of await Promise.all(KEYS.split(",").map(pay))) {
  console.log(JSON.stringify(result));
}
