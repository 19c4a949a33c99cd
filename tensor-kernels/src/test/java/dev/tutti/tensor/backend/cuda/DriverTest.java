package dev.tutti.tensor.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What becomes of launches: graphs, events, refusals. */
@ExtendWith(EmulatedCuda.class)
class DriverTest {
    @SuppressWarnings("NullAway.Init")
    private DeviceRun device;

    @BeforeEach
    void open() {
        device = new DeviceRun();
    }

    @AfterEach
    void close() {
        if (device != null) {
            device.close();
        }
    }

    @Test
    void aGraphDoesAgainWhatWasCaptured() {
        long x = device.floats(1, 2, 3);
        long scalar = device.floats(2);
        long scale = device.kernel(KernelSources.ELEMENTWISE, "A=f32 B=f32 Y=f32", "scale");
        Driver driver = device.driver();
        driver.beginCapture(device.stream());
        device.launch(
                scale,
                Grid.forEach(3),
                new Struct().addresses(x, scalar, x).longs(3).floats(1));
        long graph = driver.endCapture(device.stream());
        assertThat(device.floatsAt(x, 3)).containsExactly(1, 2, 3);
        driver.launchGraph(graph, device.stream());
        driver.launchGraph(graph, device.stream());
        assertThat(device.floatsAt(x, 3)).containsExactly(4, 8, 12);
        driver.destroyGraph(graph);
    }

    @Test
    void timedEventsSayWhatALaunchTook() {
        int count = 100_000;
        long x = device.floats(new float[count]);
        long add = device.kernel(KernelSources.ELEMENTWISE, "A=f32 B=f32 Y=f32", "add");
        Driver driver = device.driver();
        long begin = driver.createTimedEvent();
        long end = driver.createTimedEvent();
        long before = System.nanoTime();
        driver.record(begin, device.stream());
        device.launch(
                add,
                Grid.forEach(count),
                new Struct().addresses(x, x, device.room(4L * count)).longs(count));
        driver.record(end, device.stream());
        driver.synchronizeEvent(end);
        long host = System.nanoTime() - before;

        assertThat(driver.nanosBetween(begin, end)).isBetween(1L, host);
        driver.destroyEvent(begin);
        driver.destroyEvent(end);
    }

    @Test
    void aLaunchThatCannotBeIsRefused() {
        long add = device.kernel(KernelSources.ELEMENTWISE, "A=f32 B=f32 Y=f32", "add");
        assertThatThrownBy(() -> device.launch(add, Grid.blocks(1, 1024), new Struct().longs(0, 0, 0, 0)))
                .isInstanceOfSatisfying(
                        CudaException.class, e -> assertThat(e.isSticky()).isFalse())
                .hasMessage("cuLaunchKernel failed with 1: CUDA_ERROR_INVALID_VALUE");
    }
}
