package dev.tutti.nd4j;

import dev.tutti.tensor.backend.GradientSink;
import dev.tutti.tensor.backend.HostProgram;
import dev.tutti.tensor.backend.Program;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/** A host program whose intermediate values are elsewhere. */
record Nd4jProgram(HostProgram program, Arrays arrays) implements Program {
    @Override
    public MemorySegment input(String name) {
        return program.input(name);
    }

    @Override
    public MemorySegment output(String name) {
        return program.output(name);
    }

    @Override
    public void run(GradientSink sink) {
        program.run(sink);
    }

    @Override
    public Optional<String> firstNonFinite() {
        arrays.showEverything(true);
        try {
            return program.firstNonFinite();
        } finally {
            arrays.showEverything(false);
        }
    }

    @Override
    public List<Timing> profile(int runs) {
        return program.profile(runs);
    }

    @Override
    public long arenaByteSize() {
        return program.arenaByteSize();
    }

    @Override
    public void close() {
        program.close();
    }
}
