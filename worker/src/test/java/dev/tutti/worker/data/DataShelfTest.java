package dev.tutti.worker.data;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class DataShelfTest {
    private final DataShelf shelf = new DataShelf();
    private final SampleSource source = new DrawnDigits(7, 10, 5);

    @Test
    void theSameJobReadsItsDataOnce() throws Exception {
        DataPair first = shelf.open("job-1", source, PixelScale.UNIT);
        assertThat(shelf.open("job-1", source, PixelScale.UNIT)).isSameAs(first);
        assertThat(shelf.open("job-2", source, PixelScale.UNIT)).isNotSameAs(first);
        assertThat(shelf.open("job-1", source, PixelScale.UNIT)).isNotSameAs(first);
    }

    @Test
    void theDataOfAJobThatIsOverIsNotKept() throws Exception {
        DataPair first = shelf.open("job-1", source, PixelScale.UNIT);
        shelf.forget("job-1");
        DataPair late = shelf.open("job-1", source, PixelScale.UNIT);
        assertThat(late).isNotSameAs(first);
        assertThat(shelf.open("job-1", source, PixelScale.UNIT)).isNotSameAs(late);
    }
}
