package dev.tutti.worker.training;

import dev.tutti.proto.v1.JobSpec;
import dev.tutti.worker.data.DataException;
import dev.tutti.worker.data.DataShelf;
import dev.tutti.worker.data.MnistDownload;
import dev.tutti.worker.data.SampleSource;
import java.nio.file.Path;

/**
 * Where jobs find their data on this machine. Thread-safe.
 *
 * @param folder the data folder
 */
public record JobData(Path folder, MnistDownload download, DataShelf shelf) {
    PreparedJob prepare(String job, JobSpec spec, int slices) throws DataException, InterruptedException {
        SampleSource source = SampleSource.of(spec, folder, download);
        return PreparedJob.of(spec, slices, shelf.open(job, source, PreparedJob.scale(spec.getData())));
    }

    /** The job is over on this worker. */
    public void forget(String job) {
        shelf.forget(job);
    }
}
