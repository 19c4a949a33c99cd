package dev.tutti.tensor.backend.cuda;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.io.PrintStream;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.support.descriptor.ClassSource;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.TestPlan;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/**
 * The tests of this backend that a device can run, without Maven: {@code ./tutti contract} of the bundle. Prints what failed and what did not run, with the
 * reasons, and ends with 0 if some succeeded and none failed, else with 1.
 */
final class DeviceContract implements TestExecutionListener {
    private static final String OWN_CLASSES = "dev.tutti.";

    private final PrintStream out;
    private @Nullable TestPlan plan;
    private int succeeded;
    private int failed;
    private int notRun;

    private DeviceContract(PrintStream out) {
        this.out = out;
    }

    public static void main(String[] arguments) {
        LauncherDiscoveryRequest request = LauncherDiscoveryRequestBuilder.request()
                .selectors(
                        selectClass(CudaBackendTest.class),
                        selectClass(CudaTrainerTest.class),
                        selectClass(KernelsTest.class),
                        selectClass(ProductsTest.class))
                .build();
        DeviceContract contract = new DeviceContract(System.out);
        long begin = System.nanoTime();
        LauncherFactory.create().execute(request, contract);
        System.out.printf(
                "%,d succeeded, %,d failed, %,d did not run; %.0f s%n",
                contract.succeeded, contract.failed, contract.notRun, (System.nanoTime() - begin) * 1e-9);
        System.exit(contract.succeeded > 0 && contract.failed == 0 ? 0 : 1);
    }

    @Override
    public void testPlanExecutionStarted(TestPlan testPlan) {
        plan = testPlan;
    }

    @Override
    public void executionStarted(TestIdentifier test) {
        if (test.getSource().filter(ClassSource.class::isInstance).isPresent()) {
            out.println(test.getDisplayName());
        }
    }

    @Override
    public void executionSkipped(TestIdentifier test, String reason) {
        notRun++;
        out.printf("  not run: %s: %s%n", path(test), reason);
    }

    @Override
    public void executionFinished(TestIdentifier test, TestExecutionResult result) {
        switch (result.getStatus()) {
            case SUCCESSFUL -> succeeded += test.isTest() ? 1 : 0;
            case ABORTED -> {
                notRun++;
                out.printf("  not run: %s: %s%n", path(test), message(result));
            }
            case FAILED -> {
                failed++;
                out.printf("  failed: %s: %s%n", path(test), message(result));
                result.getThrowable()
                        .flatMap(DeviceContract::origin)
                        .ifPresent(frame -> out.println("    at " + frame));
            }
        }
    }

    /** An assumption is a sentence; of a failure the class says something too. */
    private static String message(TestExecutionResult result) {
        boolean isFailure = result.getStatus() == TestExecutionResult.Status.FAILED;
        return result.getThrowable()
                .map(thrown -> isFailure ? thrown.toString() : String.valueOf(thrown.getMessage()))
                .map(message -> message.strip().replace("\n", "\n    "))
                .orElse("no reason given");
    }

    private static Optional<StackTraceElement> origin(Throwable thrown) {
        return Stream.of(thrown.getStackTrace())
                .filter(frame -> frame.getClassName().startsWith(OWN_CLASSES))
                .findFirst();
    }

    /** From the class to the case. */
    private String path(TestIdentifier test) {
        return Stream.iterate(Optional.of(test), Optional::isPresent, this::parent)
                .map(Optional::orElseThrow)
                .filter(part -> part.getParentId().isPresent())
                .map(TestIdentifier::getDisplayName)
                .collect(Collectors.collectingAndThen(
                        Collectors.toList(), names -> String.join(" > ", names.reversed())));
    }

    private Optional<TestIdentifier> parent(Optional<TestIdentifier> test) {
        TestPlan tests = plan;
        return tests == null ? Optional.empty() : test.flatMap(tests::getParent);
    }
}
