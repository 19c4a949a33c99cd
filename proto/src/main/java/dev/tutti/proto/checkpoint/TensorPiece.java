package dev.tutti.proto.checkpoint;

import dev.tutti.proto.v1.TensorPlacement;
import dev.tutti.proto.wire.ShardMaps;
import java.util.ArrayList;
import java.util.List;

/**
 * The part of a tensor that lies in a shard's range.
 *
 * @param firstElement within the tensor
 */
public record TensorPiece(TensorPlacement tensor, long firstElement, long elementCount) {
    /** The pieces of a range [begin, end) of the flat space, in its order. */
    public static List<TensorPiece> within(List<TensorPlacement> tensors, long begin, long end) {
        List<TensorPiece> pieces = new ArrayList<>();
        for (TensorPlacement tensor : tensors) {
            long from = Math.max(begin, tensor.getOffset());
            long to = Math.min(end, tensor.getOffset() + ShardMaps.elementCount(tensor));
            if (from < to) {
                pieces.add(new TensorPiece(tensor, from - tensor.getOffset(), to - from));
            }
        }
        return pieces;
    }

    public boolean isWhole() {
        return elementCount == ShardMaps.elementCount(tensor);
    }

    /** In the flat space. */
    public long offset() {
        return tensor.getOffset() + firstElement;
    }

    /** The name of its parameters in a file. */
    public String name() {
        return isWhole() ? tensor.getName() : tensor.getName() + "@" + firstElement;
    }

    /** The name of a slot of its optimizer state in a file. */
    public String stateName(String slot) {
        return slot + "/" + name();
    }
}
