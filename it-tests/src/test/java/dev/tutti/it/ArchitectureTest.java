package dev.tutti.it;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

/** The rules of docs/architecture.md, held against the compiled classes. */
class ArchitectureTest {
    private static final String GENERATED = "dev.tutti.proto.v1";
    private static final Set<String> BANNED_PACKAGES =
            Set.of("util", "utils", "common", "helper", "helpers", "manager", "impl");

    private static final JavaClasses TUTTI = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .withImportOption(location -> !location.contains("dev/tutti/it/"))
            .withImportOption(location -> !location.contains("/jmh_generated/"))
            .importPackages("dev.tutti");

    @Test
    void modulesDependOnlyAlongTheArrows() {
        layeredArchitecture()
                .consideringOnlyDependenciesInLayers()
                .layer("proto")
                .definedBy("dev.tutti.proto..")
                .layer("tensor-kernels")
                .definedBy("dev.tutti.tensor..")
                .layer("node")
                .definedBy("dev.tutti.node..")
                .layer("parameter-server")
                .definedBy("dev.tutti.parameterserver..")
                .layer("worker")
                .definedBy("dev.tutti.worker..")
                .layer("coordinator")
                .definedBy("dev.tutti.coordinator..")
                .layer("client")
                .definedBy("dev.tutti.client..")
                .layer("benchmarks")
                .definedBy("dev.tutti.benchmarks..")
                .whereLayer("proto")
                .mayNotAccessAnyLayer()
                .whereLayer("tensor-kernels")
                .mayNotAccessAnyLayer()
                .whereLayer("node")
                .mayOnlyAccessLayers("proto")
                .whereLayer("parameter-server")
                .mayOnlyAccessLayers("proto", "tensor-kernels", "node")
                .whereLayer("worker")
                .mayOnlyAccessLayers("proto", "tensor-kernels", "node")
                .whereLayer("coordinator")
                .mayOnlyAccessLayers("proto", "node")
                .whereLayer("client")
                .mayOnlyAccessLayers("proto")
                .whereLayer("benchmarks")
                .mayNotBeAccessedByAnyLayer()
                .ensureAllClassesAreContainedInArchitecture()
                .check(TUTTI);
    }

    @Test
    void packagesHaveNoCycles() {
        slices().matching("dev.tutti.(**)").should().beFreeOfCycles().check(TUTTI);
    }

    @Test
    void kernelsKnowNoNetwork() {
        noClasses()
                .that()
                .resideInAPackage("dev.tutti.tensor..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "io.grpc..", "io.netty..", "org.apache.pekko..", "java.net.http..", "com.google.protobuf..")
                .check(TUTTI);
    }

    @Test
    void theParameterServerKnowsNoAutodiff() {
        noClasses()
                .that()
                .resideInAPackage("dev.tutti.parameterserver..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "dev.tutti.tensor.autodiff..", "dev.tutti.tensor.backend..", "dev.tutti.tensor.lowering..")
                .check(TUTTI);
    }

    @Test
    void nothingIsSerializedTheJavaWay() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .belongToAnyOf(ObjectOutputStream.class, ObjectInputStream.class)
                .check(TUTTI);
        assertThat(TUTTI.that(describe("declare to be Serializable", ArchitectureTest::declaresSerializable)))
                .isEmpty();
    }

    @Test
    void classesAreNotNamedAfterNothing() {
        classes()
                .that()
                .resideOutsideOfPackage(GENERATED)
                .should()
                .haveSimpleNameNotEndingWith("Impl")
                .andShould()
                .haveSimpleNameNotEndingWith("Util")
                .andShould()
                .haveSimpleNameNotEndingWith("Utils")
                .andShould()
                .haveSimpleNameNotEndingWith("Helper")
                .andShould()
                .haveSimpleNameNotEndingWith("Manager")
                .check(TUTTI);
    }

    @Test
    void packagesAreNotNamedAfterNothing() {
        assertThat(packages())
                .allSatisfy(name ->
                        assertThat(List.of(name.split("\\.", -1))).doesNotContainAnyElementsOf(BANNED_PACKAGES));
    }

    @Test
    void everyPackageIsNullMarked() {
        assertThat(packages()).isNotEmpty().allSatisfy(name -> {
            JavaPackage found = TUTTI.getPackage(name);
            assertThat(found.isAnnotatedWith(NullMarked.class))
                    .as(name + " is @NullMarked")
                    .isTrue();
        });
    }

    /** Enums, exceptions and messages inherit it. */
    private static boolean declaresSerializable(JavaClass type) {
        return type.getRawInterfaces().stream().anyMatch(parent -> parent.isEquivalentTo(Serializable.class));
    }

    private static Set<String> packages() {
        Set<String> names = new TreeSet<>();
        for (JavaClass each : TUTTI) {
            names.add(each.getPackageName());
        }
        names.remove(GENERATED);
        return names;
    }
}
