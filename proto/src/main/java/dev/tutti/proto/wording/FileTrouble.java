package dev.tutti.proto.wording;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import org.jspecify.annotations.Nullable;

/** What a file system said no to, in words: the JDK's messages are often no more than the name of the file. */
public final class FileTrouble {
    private FileTrouble() {}

    /** Why it failed, without the file's name: {@code permission denied}. */
    public static String reason(IOException failure) {
        return switch (failure) {
            case AccessDeniedException _ -> "permission denied";
            case NoSuchFileException _ -> "there is no such file or folder";
            case FileAlreadyExistsException _ -> "there is a file of that name";
            case NotDirectoryException _ -> "it is not a folder";
            case FileSystemException e when e.getReason() != null -> uncapitalized(e.getReason());
            default -> failure.getMessage() == null ? failure.toString() : uncapitalized(failure.getMessage());
        };
    }

    /** The file, if it is known, and why: {@code /etc/shadow: permission denied}. */
    public static String sentence(IOException failure) {
        String file = failure instanceof FileSystemException e ? e.getFile() : null;
        return (file == null ? "" : file + ": ") + reason(failure);
    }

    private static String uncapitalized(@Nullable String text) {
        return text == null || text.isEmpty() ? "" : Character.toLowerCase(text.charAt(0)) + text.substring(1);
    }
}
