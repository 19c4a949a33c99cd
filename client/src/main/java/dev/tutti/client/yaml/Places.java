package dev.tutti.client.yaml;

import dev.tutti.client.yaml.Source.Place;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Where a job's values were given.
 *
 * @param known path → place
 * @param name of the file
 */
record Places(Map<String, Place> known, String name) {
    /** Of the path, or of the nearest thing around it that has one. */
    Place of(String path) {
        for (String around = path; !around.isEmpty(); around = parent(around)) {
            Place place = known.get(around);
            if (place != null) {
                return place;
            }
        }
        return new Place(name, 0);
    }

    /** As {@link #of}, but a value that follows from its neighbours, as {@code max} from {@code min}, has the place of the latest of them. */
    Place ofAnyNear(String path) {
        Stream<Place> near = known.containsKey(path)
                ? Stream.empty()
                : known.keySet().stream()
                        .filter(other -> parent(other).equals(parent(path)))
                        .flatMap(other -> Optional.ofNullable(known.get(other)).stream());
        return Stream.concat(Stream.of(of(path)), near)
                .max(Comparator.comparingInt(Place::turn))
                .orElseThrow();
    }

    private static String parent(String path) {
        return path.substring(0, Math.max(0, path.lastIndexOf('.')));
    }
}
