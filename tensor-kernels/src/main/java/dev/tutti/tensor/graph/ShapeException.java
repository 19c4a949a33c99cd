package dev.tutti.tensor.graph;

/** Operands do not fit together. The message names the instruction, the operation and the operands; whoever knows better what they are for takes the sentence alone. */
public final class ShapeException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    private final String sentence;

    /** @param place what the message says before the sentence */
    ShapeException(String place, String sentence) {
        super(place + sentence);
        this.sentence = sentence;
    }

    public ShapeException(String sentence) {
        this("", sentence);
    }

    /** What was expected, and what it was instead. */
    public String sentence() {
        return sentence;
    }
}
