package dev.tutti.parameterserver.policy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.proto.v1.Contribution;
import dev.tutti.proto.v1.Push;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ContributionSumTest {
    private static final int SLICES = 4;
    private static final int BACKUP_WORKERS = 1;

    @Test
    void aPartOfWhatAWorkerHasIsNoProblem() {
        assertThat(ContributionSum.problem(push(2, 4, 16, 64), SLICES, BACKUP_WORKERS))
                .isNull();
    }

    /** Or the step would wait for slices that nobody has, or be scaled by a number that means nothing. */
    @ParameterizedTest
    @CsvSource({"-1, 4, 16, 64", "2, 5, 16, 64", "2, 2147483647, 16, 64", "2, 4, -1, 64", "2, 4, 16, -1"})
    void aPartThatCannotBeIsRefusedWithWhatItIs(int begin, int end, int rows, int stepRows) {
        assertThat(ContributionSum.problem(push(begin, end, rows, stepRows), SLICES, BACKUP_WORKERS))
                .isEqualTo("A part of a worker with slices [" + begin + ", " + end + ") of 4, " + rows + " samples of "
                        + stepRows);
    }

    @Test
    void fewerWorkersThanOneMoreThanAreNotWaitedForAreRefused() {
        Push.Builder alone = push(2, 4, 16, 64).toBuilder();
        alone.getContributionBuilder().setWorkers(BACKUP_WORKERS);
        assertThat(ContributionSum.problem(alone.build(), SLICES, BACKUP_WORKERS))
                .isEqualTo("A gradient of one of 1 workers, of which 1 are not waited for");
    }

    private static Push push(int begin, int end, int rows, int stepRows) {
        return Push.newBuilder()
                .setSliceBegin(2)
                .setSliceEnd(4)
                .setContribution(Contribution.newBuilder()
                        .setSliceBegin(begin)
                        .setSliceEnd(end)
                        .setRows(rows)
                        .setStepRows(stepRows)
                        .setWorkers(2))
                .build();
    }
}
