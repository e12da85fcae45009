// A Hono server that sells GET /weather by the official middleware, and has payments verified and settled by
// a facilitator.
//
//   FACILITATOR=http://… TOKEN=… PAY_TO=0x… node hono.mjs
//
// Prints the port it listens on.
import { serve } from "@hono/node-server";
import { HTTPFacilitatorClient } from "@x402/core/server";
import { ExactEvmScheme } from "@x402/evm/exact/server";
import { paymentMiddleware, x402ResourceServer } from "@x402/hono";
import { Hono } from "hono";

const { FACILITATOR: url, TOKEN, PAY_TO: payTo } = process.env;

const authorization = { Authorization: `Bearer ${TOKEN}` };
const facilitator = new HTTPFacilitatorClient({
  url,
  createAuthHeaders: async () => ({
    verify: authorization, settle: authorization, supported: authorization, list: authorization,
  }),
});

const app = new Hono();
app.use(
  paymentMiddleware(
    {
      "GET /weather": {
        accepts: { scheme: "exact", price: "$0.01", network: "eip155:84532", payTo },
        description: "The weather",
      },
    },
    new x402ResourceServer(facilitator).register("eip155:84532", new ExactEvmScheme()),
  ),
);
app.get("/weather", (c) => c.json({ weather: "sunny" }));
serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, (info) => console.log(info.port));
