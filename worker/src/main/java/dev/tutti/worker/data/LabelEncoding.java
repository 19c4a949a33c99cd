package dev.tutti.worker.data;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** How a label stands in a batch. */
public enum LabelEncoding {
    /** One i32 a row: the class. */
    CLASS_INDEX {
        @Override
        int elementsPerRow(int classes) {
            return 1;
        }

        @Override
        void write(int label, int classes, MemorySegment target, long row) {
            target.setAtIndex(ValueLayout.JAVA_INT, row, label);
        }
    },
    /** One f32 a class and row: 1 at the class, 0 elsewhere. */
    ONE_HOT {
        @Override
        int elementsPerRow(int classes) {
            return classes;
        }

        @Override
        void write(int label, int classes, MemorySegment target, long row) {
            for (int c = 0; c < classes; c++) {
                target.setAtIndex(ValueLayout.JAVA_FLOAT, row * classes + c, c == label ? 1f : 0f);
            }
        }
    };

    /** Numbers of 4 bytes for each row. */
    abstract int elementsPerRow(int classes);

    abstract void write(int label, int classes, MemorySegment target, long row);
}
