import de.bwaldvogel.mongo.MongoBackend;
import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;
import de.bwaldvogel.mongo.bson.Document;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.List;

/**
 * Serves MongoDB's wire protocol on 127.0.0.1 until it is killed or its standard input ends, so
 * that it never outlives the test that holds the other end. Arguments: the port (0 for any) and,
 * optionally, a file that keeps the data. Prints the server's URI on one line.
 */
public final class MongoPeer {
    /** What the server says it is: left alone, older than the drivers of today take. */
    private enum Spoken implements MongoVersion {
        MONGO_5_0;

        @Override
        public List<Integer> getVersionArray() {
            return List.of(5, 0, 0);
        }

        @Override
        public int getWireVersion() {
            return 13;
        }
    }

    /**
     * One command after the other, each answer a copy. Left alone the server answers with the
     * documents it holds, and another command may change them before they are sent: of two
     * findAndModify both can then return what the later one made.
     */
    private static MongoBackend atomic(MongoBackend backend) {
        Object lock = new Object();
        return (MongoBackend) Proxy.newProxyInstance(MongoPeer.class.getClassLoader(), new Class<?>[] {MongoBackend.class},
            (proxy, method, args) -> {
                synchronized (lock) {
                    try {
                        Object answer = method.invoke(backend, args);
                        return answer instanceof Document ? ((Document) answer).cloneDeeply() : answer;
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                }
            });
    }

    public static void main(String[] args) throws Exception {
        int port = args.length > 0 ? Integer.parseInt(args[0]) : 0;
        MongoBackend backend = args.length > 1 ? new H2Backend(args[1]) : new MemoryBackend();
        MongoServer server = new MongoServer(atomic(backend.version(Spoken.MONGO_5_0)));
        server.bind("127.0.0.1", port);
        System.out.println("mongodb://127.0.0.1:" + server.getLocalAddress().getPort());
        System.out.flush();
        while (System.in.read() >= 0) {
            // Nothing is said; the end is what counts.
        }
        server.shutdownNow();
    }
}
