import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.serialization.StringSerializer;

/** Says that a bot has changed: BOT DATASET-URI REVISION. A CloudEvent in the structured mode, all of it in the value. */
public class BotUpdated {
  public static void main(String[] arguments) throws Exception {
    var bot = arguments[0];
    var event = Map.of(
        "specversion", "1.0",
        "id", UUID.randomUUID().toString(),
        "source", "/bot-builder",
        "type", "bot.updated",
        "data", Map.of(
            "botId", bot,
            "dataset", Map.of("uri", arguments[1]),
            "revision", Integer.parseInt(arguments[2])));
    var settings = Map.<String, Object>of("bootstrap.servers", System.getenv("KAFKA_BROKERS"));
    try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
      var message = new ProducerRecord<>("bot.events", bot, new ObjectMapper().writeValueAsString(event));
      message.headers().add("content-type", "application/cloudevents+json".getBytes());
      producer.send(message).get();
    }
  }
}
