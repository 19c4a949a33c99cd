package dev.tutti.worker.data;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** How a label stands in a batch. */
public enum LabelEncoding {
    /** One i32: the class. */
    CLASS_INDEX {
        @Override
        int elementsPerLabel(int classes) {
            return 1;
        }

        @Override
        void write(int label, int classes, MemorySegment target, long index) {
            target.setAtIndex(ValueLayout.JAVA_INT, index, label);
        }
    },
    /** One f32 for each class: 1 at the class, 0 elsewhere. */
    ONE_HOT {
        @Override
        int elementsPerLabel(int classes) {
            return classes;
        }

        @Override
        void write(int label, int classes, MemorySegment target, long index) {
            for (int c = 0; c < classes; c++) {
                target.setAtIndex(ValueLayout.JAVA_FLOAT, index * classes + c, c == label ? 1f : 0f);
            }
        }
    };

    /** Numbers of 4 bytes. */
    abstract int elementsPerLabel(int classes);

    /** @param index of the label among all in the target */
    abstract void write(int label, int classes, MemorySegment target, long index);
}
