"""Prints every bot's champion, then each change of it. Every instance reads the whole topic, so it knows them all."""

import os

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

TOPIC = "trainyard.champions"
consumer = Consumer({"bootstrap.servers": os.environ["KAFKA_BROKERS"], "group.id": "none", "enable.auto.commit": False})
deserialize = AvroDeserializer(SchemaRegistryClient({"url": os.environ["SCHEMA_REGISTRY_URL"]}))
partitions = consumer.list_topics(TOPIC).topics[TOPIC].partitions
consumer.assign([TopicPartition(TOPIC, partition, OFFSET_BEGINNING) for partition in partitions])

last_sequence = {}
while True:
    message = consumer.poll(1.0)
    if message is None:
        continue
    if message.error():
        raise KafkaException(message.error())
    if message.value() is None:
        continue  # The bot was retired.
    ready = deserialize(message.value(), SerializationContext(TOPIC, MessageField.VALUE))
    key, sequence = message.key().decode(), ready["sequence"]
    if sequence <= last_sequence.get(key, 0):
        continue  # Said twice, or overtaken.
    last_sequence[key] = sequence
    print(key, sequence, ready["model"]["url"], flush=True)
