package dev.tutti.tensor.model;

import java.util.List;

/** A layer does not fit to what comes in. The message is one sentence: the layer, what it expected, and its input. */
public final class LayerException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    private final String layer;
    private final List<Integer> place;
    private final String sentence;

    /**
     * @param layer its kind and number, {@code conv2d-2}
     * @param place its index in the model's list; of a layer in another's list, the index of the other one, that of the branch if it has branches, and its own
     * @param sentence what was expected, and the input
     */
    LayerException(String layer, List<Integer> place, String sentence, Throwable cause) {
        super(layer + ": " + sentence, cause);
        this.layer = layer;
        this.place = List.copyOf(place);
        this.sentence = sentence;
    }

    public String layer() {
        return layer;
    }

    public List<Integer> place() {
        return place;
    }

    public String sentence() {
        return sentence;
    }
}
