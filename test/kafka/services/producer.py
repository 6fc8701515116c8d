"""A platform that knows nothing of Trainyard: writes each key and value that it is told, and says when they are there."""

import json
import os
import sys

from confluent_kafka import Producer

producer = Producer({"bootstrap.servers": os.environ["KAFKA_BROKERS"], "partitioner": "murmur2_random"})
for line in sys.stdin:
    key, event = json.loads(line)
    producer.produce("bot.events", json.dumps(event), key, headers={"content-type": "application/cloudevents+json"})
    if producer.flush(30) > 0:
        sys.exit("not delivered")
    print(key, flush=True)
