"""Says that a bot has changed: BOT DATASET-URI REVISION. A CloudEvent in the binary mode, its attributes in headers."""

import json
import os
import sys
import uuid

from confluent_kafka import Producer

bot, dataset, revision = sys.argv[1:]
headers = {
    "ce_specversion": "1.0",
    "ce_id": str(uuid.uuid4()),
    "ce_source": "/bot-builder",
    "ce_type": "bot.updated",
    "content-type": "application/json",
}
data = {"botId": bot, "dataset": {"uri": dataset}, "revision": int(revision)}

# The partitioner is Java's, so that a bot's events share a partition whoever sends them.
producer = Producer({"bootstrap.servers": os.environ["KAFKA_BROKERS"], "partitioner": "murmur2_random"})
failures = []
producer.produce(
    "bot.events", json.dumps(data), bot, headers=headers, on_delivery=lambda error, _: error and failures.append(error)
)
producer.flush()
if failures:
    sys.exit(f"not delivered: {failures[0]}")
