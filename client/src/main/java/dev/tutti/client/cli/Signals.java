package dev.tutti.client.cli;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;

/**
 * Ctrl-C and termination, handled in order instead of by the JVM's own hasty exit. The JDK's only way to do so, {@code sun.misc.Signal} of the
 * module jdk.unsupported, is reached by reflection because the compiler's warning about it can not be switched off.
 */
final class Signals {
    private static final String INTERRUPT = "INT";
    private static final String TERMINATE = "TERM";

    private Signals() {}

    /** @param reaction runs in a thread of its own at each of the two signals */
    static void onInterruptOrTermination(Runnable reaction) {
        on(INTERRUPT, reaction);
        on(TERMINATE, reaction);
    }

    static void onTermination(Runnable reaction) {
        on(TERMINATE, reaction);
    }

    /** A terminal sends Ctrl-C to children too; a child leaves the decision to its parent. */
    static void ignoreInterrupt() {
        on(INTERRUPT, () -> {});
    }

    private static void on(String name, Runnable reaction) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            signal.getMethod("handle", signal, handler)
                    .invoke(null, signal.getConstructor(String.class).newInstance(name), handler(handler, reaction));
        } catch (InvocationTargetException e) {
            // Started with -Xrs, or this system has no such signal: the JVM's own handling stays.
            if (!(e.getCause() instanceof IllegalArgumentException)) {
                throw new IllegalStateException("cannot handle the signal " + name, e);
            }
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("this JDK has no module jdk.unsupported", e);
        }
    }

    private static Object handler(Class<?> type, Runnable reaction) {
        return Proxy.newProxyInstance(Signals.class.getClassLoader(), new Class<?>[] {type}, (_, method, _) -> {
            if (method.getName().equals("handle")) {
                reaction.run();
            }
            return null;
        });
    }
}
