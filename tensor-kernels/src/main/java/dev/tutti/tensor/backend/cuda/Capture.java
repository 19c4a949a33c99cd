package dev.tutti.tensor.backend.cuda;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.LongStream;

/**
 * Launches and copies put together to one graph, in which copies to the device and from it go on beside what does not depend on them: each direction has a
 * stream of its own, and events say who waits for whom. Owns streams, events and the graph.
 */
final class Capture implements AutoCloseable {
    private final Driver driver;
    private final long compute;
    private final long up;
    private final long down;
    private final List<Copy> uploads = new ArrayList<>();
    private final List<Copy> downloads = new ArrayList<>();
    private final List<Long> events = new ArrayList<>();
    /** Each tells the host that a download has come. */
    private final List<Long> arrivals = new ArrayList<>();

    private boolean isOpen;
    private OptionalLong graph = OptionalLong.empty();

    /**
     * @param instruction before which it must be done, or after which it may begin
     * @param isTold whether the host waits for it by itself
     */
    private record Copy(int instruction, Launch copies, boolean isTold) {}

    Capture(Driver driver) {
        this.driver = driver;
        this.compute = driver.createStream();
        this.up = driver.createStream();
        this.down = driver.createStream();
    }

    /** The stream in which launches follow each other, and after which all is done. */
    long compute() {
        return compute;
    }

    void begin() {
        driver.beginCapture(compute);
        isOpen = true;
    }

    /** In the order in which they are needed. */
    void upload(int instruction, Launch copies) {
        uploads.add(new Copy(instruction, copies, false));
    }

    /** What {@link #awaitDownload} waits for, in the order in which they may begin. */
    void download(int instruction, Launch copies) {
        downloads.add(new Copy(instruction, copies, true));
    }

    /** An output: it arrives before whatever is downloaded behind a later instruction. */
    void output(int instruction, Launch copies) {
        downloads.add(new Copy(instruction, copies, false));
    }

    void run(List<Launch> launches) {
        downloads.sort(Comparator.comparingInt(Copy::instruction).thenComparing(Copy::isTold));
        List<Long> there = startUploads();
        int next = 0;
        int done = 0;
        for (int i = 0; i < launches.size(); i++) {
            for (; next < there.size() && uploads.get(next).instruction <= i; next++) {
                driver.await(compute, there.get(next));
            }
            launches.get(i).on(compute);
            for (; done < downloads.size() && downloads.get(done).instruction <= i; done++) {
                startDownload(downloads.get(done));
            }
        }
        for (; next < there.size(); next++) {
            driver.await(compute, there.get(next));
        }
        for (; done < downloads.size(); done++) {
            startDownload(downloads.get(done));
        }
        if (!downloads.isEmpty()) {
            follow(compute, down);
        }
    }

    private List<Long> startUploads() {
        if (uploads.isEmpty()) {
            return List.of();
        }
        follow(up, compute);
        List<Long> there = new ArrayList<>();
        for (Copy upload : uploads) {
            upload.copies.on(up);
            there.add(recorded(up));
        }
        return there;
    }

    private void startDownload(Copy download) {
        follow(down, compute);
        download.copies.on(down);
        if (download.isTold) {
            long arrival = event();
            driver.recordForHost(arrival, down);
            arrivals.add(arrival);
        }
    }

    /** What the stream is given from now on waits for all that the other has been given. */
    private void follow(long stream, long other) {
        driver.await(stream, recorded(other));
    }

    private long recorded(long stream) {
        long event = event();
        driver.record(event, stream);
        return event;
    }

    private long event() {
        long event = driver.createEvent();
        events.add(event);
        return event;
    }

    void end() {
        isOpen = false;
        graph = OptionalLong.of(driver.endCapture(compute));
    }

    void launch() {
        driver.launchGraph(graph.orElseThrow(), compute);
    }

    /** Waits for one of the downloads of the last launch. */
    void awaitDownload(int index) {
        driver.synchronizeEvent(arrivals.get(index));
    }

    /** Wherever it stopped. */
    @Override
    public void close() {
        if (isOpen) {
            driver.dropCapture(compute);
        }
        try {
            driver.synchronize(compute);
        } finally {
            graph.ifPresent(driver::destroyGraph);
            events.forEach(driver::destroyEvent);
            LongStream.of(compute, up, down).forEach(driver::destroyStream);
        }
    }
}
