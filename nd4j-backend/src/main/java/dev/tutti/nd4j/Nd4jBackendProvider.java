package dev.tutti.nd4j;

import dev.tutti.tensor.backend.Backend;
import dev.tutti.tensor.backend.BackendProvider;
import dev.tutti.tensor.backend.BackendUnavailableException;
import org.nd4j.common.config.ND4JClassLoading;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.factory.Nd4jBackend.NoAvailableBackendException;

/** Never chosen unasked: it is slower than {@code cpu} on a CPU. */
public final class Nd4jBackendProvider implements BackendProvider {
    @Override
    public String name() {
        return Nd4jBackend.NAME;
    }

    @Override
    public int preference() {
        return -1;
    }

    /** ND4J's own threads are set with {@code OMP_NUM_THREADS}; the number given here is not used. */
    @Override
    public Backend create(int threads) {
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        // ND4J looks for its parts with these, and they may be invisible to the class loader of the application.
        thread.setContextClassLoader(Nd4jBackendProvider.class.getClassLoader());
        ND4JClassLoading.setNd4jClassloaderFromClass(Nd4jBackendProvider.class);
        try {
            return new Nd4jBackend(Nd4j.getBackend().getClass().getSimpleName());
        } catch (LinkageError | RuntimeException e) {
            throw new BackendUnavailableException("ND4J cannot be loaded: " + cause(e), e);
        } finally {
            thread.setContextClassLoader(before);
        }
    }

    private static Throwable cause(Throwable failure) {
        Throwable cause = failure;
        while (cause.getCause() != null && !(cause instanceof NoAvailableBackendException)) {
            cause = cause.getCause();
        }
        return cause;
    }
}
