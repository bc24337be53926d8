import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;

/**
 * Starts DynamoDB Local so that it listens on 127.0.0.1 only; its own main method listens on
 * every interface and has no option for another. Needs the compiler of a JDK.
 *
 * The first argument is the main class of DynamoDBLocal.jar, the others are its arguments.
 */
public final class Loopback {
    public static void main(String[] arguments) throws Exception {
        Class<?> program = Class.forName(arguments[0]);
        String[] options = java.util.Arrays.copyOfRange(arguments, 1, arguments.length);
        Object server;
        try {
            server = bound(program, options);
        } catch (NoSuchMethodException | NoSuchFieldException other) {
            // Another version of DynamoDB Local. osem_tasks looks where it listens, and warns.
            program.getMethod("main", String[].class).invoke(null, (Object) options);
            return;
        }
        try {
            server.getClass().getMethod("start").invoke(server);
        } catch (InvocationTargetException failure) {
            failure.getCause().printStackTrace();
            System.exit(1); // its threads would keep a server alive that does not listen
        }
    }

    private static Object bound(Class<?> program, String[] options) throws Exception {
        Method create = program.getMethod("createServerFromCommandLineArgs", String[].class);
        Object server = create.invoke(null, (Object) options);
        Field field = server.getClass().getDeclaredField("server");
        field.setAccessible(true);
        Object jetty = field.get(server);
        for (Object connector : (Object[]) jetty.getClass().getMethod("getConnectors").invoke(jetty)) {
            connector.getClass().getMethod("setHost", String.class).invoke(connector, "127.0.0.1");
        }
        return server;
    }
}
