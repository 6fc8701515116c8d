import java.util.Arrays;
import java.util.Base64;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;

/** Prints the partition that Java's producer chooses for each key: HOW-MANY KEYS-IN-BASE64... */
public class Partitions {
  public static void main(String[] arguments) {
    var count = Integer.parseInt(arguments[0]);
    for (var key : Arrays.copyOfRange(arguments, 1, arguments.length))
      System.out.println(BuiltInPartitioner.partitionForKey(Base64.getDecoder().decode(key), count));
  }
}
