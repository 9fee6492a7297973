#!/bin/sh
# Posts a refund and prints the item's id. Posted again for the same order, it is the same item.
#   TASKEY_SERVER=https://taskey.example.org TASKEY_API_KEY=tky_... sh post.sh A1 240
set -eu

order=$1
amount=$2

jq -n --arg order "$order" --argjson amount "$amount" \
    '{type: "refund", external_id: "refund-\($order)", fields: {order: $order, amount: $amount, currency: "EUR"}}' |
    curl -sS --fail-with-body --retry 3 --retry-connrefused \
        -H "Authorization: Bearer $TASKEY_API_KEY" -H "Content-Type: application/json" \
        --data-binary @- "$TASKEY_SERVER/api/v1/items" |
    jq -r .id
