# The command lines of the published documentation of the 101pay API, as they are written there.
curl -X POST https://api-production-4983.up.railway.app/v1/transactions/charge \
-H "content-type: application/json" \
-d '{
"publicKey": "pk_test_…",
"privateKey": "sk_test_…",
"amount": "9.99",
"currency": "USD",
"description":"order #1024"
}'

curl -X POST https://api-production-4983.up.railway.app/v1/checkout/sessions \
-H "authorization: Bearer <JWT>" \
-H "content-type: application/json" \
-d '{ "amount":"1500", "currency":"JPY", "description":"Pro plan" }'

curl -X POST https://api-production-4983.up.railway.app/v1/payments \
-H "content-type: application/json" \
-d '{
"clientId": "101000000000000",
"secret": "sk_test_…",
"amount": "1.00",
"currency": "USDT",
"method": "usdt"
}'
