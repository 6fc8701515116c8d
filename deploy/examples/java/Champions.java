import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.URI;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.*;
import org.apache.avro.Schema;
import org.apache.avro.generic.*;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.*;

/** Prints every bot's champion, then each change of it. Every instance reads the whole topic, so it knows them all. */
public class Champions {
  public static void main(String[] arguments) throws Exception {
    var settings = Map.<String, Object>of("bootstrap.servers", System.getenv("KAFKA_BROKERS"));
    var lastSequence = new HashMap<String, Long>();
    var readers = new HashMap<Integer, GenericDatumReader<GenericRecord>>();
    var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new ByteArrayDeserializer());
    consumer.assign(consumer.partitionsFor("trainyard.champions").stream()
        .map(partition -> new TopicPartition(partition.topic(), partition.partition())).toList());
    consumer.seekToBeginning(consumer.assignment());
    while (true) for (var message : consumer.poll(Duration.ofSeconds(1))) {
      var bytes = message.value(); // A zero, four bytes of the schema's id, the record.
      if (bytes == null) continue; // The bot was retired.
      var id = ByteBuffer.wrap(bytes).getInt(1);
      if (!readers.containsKey(id)) {
        var url = URI.create(System.getenv("SCHEMA_REGISTRY_URL") + "/schemas/ids/" + id).toURL();
        var schema = new ObjectMapper().readTree(url.openStream()).get("schema").asText();
        readers.put(id, new GenericDatumReader<>(new Schema.Parser().parse(schema)));
      }
      var ready = readers.get(id).read(null, DecoderFactory.get().binaryDecoder(bytes, 5, bytes.length - 5, null));
      var sequence = (long) ready.get("sequence");
      if (sequence <= lastSequence.getOrDefault(message.key(), 0L)) continue; // Said twice, or overtaken.
      lastSequence.put(message.key(), sequence);
      System.out.println(message.key() + " " + sequence + " " + ((GenericRecord) ready.get("model")).get("url"));
    }
  }
}
