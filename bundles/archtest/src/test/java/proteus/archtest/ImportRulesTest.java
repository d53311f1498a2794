package proteus.archtest;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.properties.CanBeAnnotated;
import com.tngtech.archunit.lang.ArchRule;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.osgi.annotation.bundle.Export;

class ImportRulesTest {
    private static final JavaClasses CLASSES = Bundles.mainClasses();

    /** What every bundle may use besides its own packages; the JDK's preview and internal packages are not among it. */
    private static final List<String> EVERYWHERE = List.of("java..", "javax..", "jdk.jfr..", "org.osgi.annotation..");
    /** The service platform: for bundles that hold services, not for libraries. */
    private static final List<String> SERVICES = List.of("org.osgi.framework..", "org.osgi.util..", "org.osgi.service..", "org.slf4j..");

    /**
     * Bundles whose packages use each other, which is a debt to be paid, but for the contracts: there a processor, its state and its
     * exits are one vocabulary that is cut into packages for the reader.
     */
    private static final Set<String> CYCLIC = Set.of("api", "silicon");

    @TestFactory
    Stream<DynamicTest> everyBundleIsLookedAt() {
        return Bundles.all().map(bundle -> DynamicTest.dynamicTest(bundle, () -> {
            Path sources = Path.of("../..", Bundles.folder(bundle), "src/main/java");
            assertTrue(Files.isRegularFile(Path.of("../..", Bundles.folder(bundle), "pom.xml")), "there is no folder for " + bundle);
            boolean written = Files.isDirectory(sources.resolve("proteus"));
            assertEquals(written, CLASSES.stream().anyMatch(type -> Bundles.belongsTo(type, bundle)),
                    "classes of " + bundle + " are on the class path");
        }));
    }

    @Test
    void everyPackageBelongsToABundle() {
        List<String> homeless = CLASSES.stream()
                .filter(type -> Bundles.all().noneMatch(bundle -> Bundles.belongsTo(type, bundle)))
                .map(type -> type.getPackageName()).distinct().sorted().toList();
        assertEquals(List.of(), homeless);
    }

    @Test
    void contractsUseOnlyTheJdk() {
        onlyUses("api", EVERYWHERE).check(CLASSES);
    }

    @Test
    void theInstructionSetUsesOnlyContracts() {
        onlyUses("x86", EVERYWHERE, List.of("proteus.api..")).check(CLASSES);
    }

    @Test
    void theContractKitUsesOnlyLibrariesAndJUnit() {
        onlyUses("tck", EVERYWHERE, List.of("proteus.api..", "proteus.x86..", "org.junit.jupiter..", "org.opentest4j..", "org.apiguardian.."))
                .check(CLASSES);
    }

    @TestFactory
    Stream<DynamicTest> techniquesSiliconAndPlatformUseOnlyContractsAndTheInstructionSet() {
        return Stream.of(Bundles.TECHNIQUES, Bundles.SILICON, Bundles.PLATFORM).flatMap(List::stream)
                .map(bundle -> DynamicTest.dynamicTest(bundle, () -> onlyUses(bundle, EVERYWHERE, SERVICES,
                        List.of("proteus.api..", "proteus.x86.."),
                        bundle.equals("loader") ? List.of("org.tukaani.xz..") : List.of(),
                        bundle.equals("shell") ? List.of("org.apache.felix.service.command..", "org.apache.felix.gogo..") : List.of())
                        .check(CLASSES)));
    }

    @TestFactory
    Stream<DynamicTest> nobodyUsesATechnique() {
        return Bundles.TECHNIQUES.stream().map(technique -> DynamicTest.dynamicTest(technique, () -> noClasses()
                .that().resideOutsideOfPackage(Bundles.packages(technique))
                .should().dependOnClassesThat().resideInAPackage(Bundles.packages(technique))
                .because("techniques are found as services").check(CLASSES)));
    }

    @Test
    void theLauncherKnowsNoBundle() {
        onlyUses("launcher", EVERYWHERE, List.of("org.osgi.framework..", "org.osgi.util.tracker..")).check(CLASSES);
    }

    @Test
    void onlyContractsInstructionSetAndKitExportPackages() {
        List<String> exporting = CLASSES.stream()
                .filter(type -> type.getSimpleName().equals("package-info"))
                .filter(CanBeAnnotated.Predicates.annotatedWith(Export.class))
                .map(type -> type.getPackageName())
                .filter(name -> Bundles.EXPORTING.stream().noneMatch(bundle -> (name + ".").startsWith("proteus." + bundle + ".")))
                .toList();
        assertEquals(List.of(), exporting);
    }

    @TestFactory
    Stream<DynamicTest> packagesOfABundleHaveNoCycles() {
        return Bundles.all().map(bundle -> DynamicTest.dynamicTest(bundle, () -> {
            ArchRule rule = slices().matching("(proteus." + bundle + "..)").should().beFreeOfCycles().allowEmptyShould(true);
            if (CYCLIC.contains(bundle)) {
                assertTrue(rule.evaluate(CLASSES).hasViolation(), bundle + " has no cycles any more: take it out of CYCLIC");
            } else {
                rule.check(CLASSES);
            }
        }));
    }

    @Test
    void onlyTheLauncherUsesTheStreamsOfSystem() {
        noClasses().that().resideOutsideOfPackage("proteus.launcher..")
                .should().accessField(System.class, "out")
                .orShould().accessField(System.class, "err")
                .orShould().accessField(System.class, "in")
                .orShould().callMethod(Throwable.class, "printStackTrace")
                .because("Gogo redirects them; commands write to their session, subcommands to StandardStreams, everything else logs").check(CLASSES);
    }

    @Test
    void nothingEndsTheProcessButTheLauncher() {
        noClasses().that().resideOutsideOfPackage("proteus.launcher..")
                .should().callMethod(System.class, "exit", int.class)
                .orShould().callMethod(Runtime.class, "exit", int.class)
                .orShould().callMethod(Runtime.class, "halt", int.class).check(CLASSES);
    }

    /** The rules must be able to fail: one that forbids what certainly happens. */
    @Test
    void rulesSeeDependencies() {
        ArchRule wrong = onlyUses("shell", List.of("java.."));
        AssertionError error = assertThrows(AssertionError.class, () -> wrong.check(CLASSES));
        assertTrue(error.getMessage().contains("proteus.shell.script"), error.getMessage());
    }

    private static ArchRule onlyUses(String bundle, List<?>... allowed) {
        // the empty package is that of the primitive types and their arrays
        List<String> packages = new ArrayList<>(List.of("", "proteus." + bundle + ".."));
        for (List<?> some : allowed) {
            some.forEach(name -> packages.add((String) name));
        }
        return classes().that().resideInAPackage(Bundles.packages(bundle))
                .should().onlyDependOnClassesThat().resideInAnyPackage(packages.toArray(String[]::new))
                .allowEmptyShould(true);
    }
}
