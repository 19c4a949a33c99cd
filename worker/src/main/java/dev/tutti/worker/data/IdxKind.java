package dev.tutti.worker.data;

/** The IDX files Tutti reads. The low byte of the magic number is the number of dimensions. */
enum IdxKind {
    LABELS(0x00000801, "labels"),
    IMAGES(0x00000803, "byte images");

    private final int magic;
    private final String content;

    IdxKind(int magic, String content) {
        this.magic = magic;
        this.content = content;
    }

    int magic() {
        return magic;
    }

    String content() {
        return content;
    }

    int dimensions() {
        return magic & 0xff;
    }

    /** What a wrong magic number suggests, to append to a message. */
    static String hint(int magic) {
        for (IdxKind kind : values()) {
            if (kind.magic == magic) {
                return " (" + kind.content + "): are images and labels exchanged?";
            }
        }
        return "";
    }
}
