// SPDX-License-Identifier: MIT
package dev.envres;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Locale;
import java.util.Set;

/**
 * Loads the shim, once: from the system property {@code dev.envres.library} (a path), else from the
 * resources of this module, else from {@code java.library.path}. The shim finds libenvres itself, as
 * every program does.
 */
final class Loader {
    private static final String NAME = "envresjni";

    private Loader() { }

    /** What the static initialisers of classes with native methods call; the loading of this class. */
    static void load() {
        Once.touch();
    }

    private static final class Once {
        static {
            loadOnce();
        }

        private Once() { }

        static void touch() { }
    }

    private static void loadOnce() {
        String path = System.getProperty("dev.envres.library");
        if (path != null) {
            System.load(Path.of(path).toAbsolutePath().toString());
            return;
        }
        String resource = "native/" + platform() + "/" + System.mapLibraryName(NAME);
        try (InputStream in = Loader.class.getResourceAsStream(resource)) {
            if (in == null) {
                System.loadLibrary(NAME);
            } else {
                loadCopy(in);
            }
        } catch (IOException error) {
            throw new UnsatisfiedLinkError("envres: the native library cannot be unpacked into "
                    + System.getProperty("java.io.tmpdir") + ": " + error.getMessage());
        }
    }

    /** "linux-amd64": the folder of the resources for this machine. */
    private static String platform() {
        return (System.getProperty("os.name") + "-" + System.getProperty("os.arch"))
                .toLowerCase(Locale.ROOT).replace(' ', '_');
    }

    /**
     * A file of our own, made anew and for us alone; gone again as soon as it is loaded.
     */
    private static void loadCopy(InputStream in) throws IOException {
        Set<PosixFilePermission> mine = PosixFilePermissions.fromString("rw-------");
        Path copy = Files.createTempFile("envres", ".so", PosixFilePermissions.asFileAttribute(mine));
        try {
            byte[] bytes = in.readAllBytes();
            Files.write(copy, bytes);
            boolean ours = Files.isRegularFile(copy, LinkOption.NOFOLLOW_LINKS)
                    && Files.getPosixFilePermissions(copy, LinkOption.NOFOLLOW_LINKS).equals(mine)
                    && Files.size(copy) == bytes.length;
            if (!ours) {
                throw new IOException("the file is not as it was made");
            }
            System.load(copy.toString());
        } finally {
            Files.deleteIfExists(copy);
        }
    }
}
