"""A platform that knows nothing of Trainyard: says in Avro, by the stock serialiser, that a bot was edited."""

import os
import sys

from confluent_kafka import Producer
from confluent_kafka.schema_registry import SchemaRegistryClient, record_subject_name_strategy
from confluent_kafka.schema_registry.avro import AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

SCHEMA = """{
  "type": "record", "name": "BotEdited", "namespace": "com.example",
  "fields": [
    {"name": "bot", "type": "string"},
    {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    {"name": "revision", "type": ["null", "long"], "default": null},
    {"name": "dataset", "type": {"type": "record", "name": "Dataset", "fields": [{"name": "uri", "type": "string"}]}},
    {"name": "labels", "type": {"type": "map", "values": "string"}}
  ]
}"""

topic, bot, uri, revision = sys.argv[1:]
serialize = AvroSerializer(
    SchemaRegistryClient({"url": os.environ["SCHEMA_REGISTRY_URL"]}),
    SCHEMA,
    conf={"subject.name.strategy": record_subject_name_strategy},
)
edit = {"bot": bot, "at": 0, "revision": int(revision), "dataset": {"uri": uri}, "labels": {"from": "python"}}
producer = Producer({"bootstrap.servers": os.environ["KAFKA_BROKERS"], "partitioner": "murmur2_random"})
producer.produce(topic, serialize(edit, SerializationContext(topic, MessageField.VALUE)), bot)
if producer.flush(30) > 0:
    sys.exit("not delivered")
