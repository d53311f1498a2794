package proteus.archtest;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import java.util.stream.Stream;

/** The bundles of Proteus as far as the rules tell them apart: each owns the packages that start with its name. */
final class Bundles {
    static final List<String> TECHNIQUES = List.of("cpu.full", "cpu.para", "cpu.hwassist", "mem.shadow", "mem.ept", "io.emul", "io.virtio");
    static final List<String> SILICON = List.of("silicon");
    static final List<String> PLATFORM = List.of("vmm", "board", "backend", "loader", "guests", "debug", "adaptive", "shell", "conform", "qtest");
    /** The only ones with packages for others. */
    static final List<String> EXPORTING = List.of("api", "x86", "tck");

    private Bundles() { }

    static Stream<String> all() {
        return Stream.of(EXPORTING, SILICON, PLATFORM, TECHNIQUES, List.of("launcher")).flatMap(List::stream);
    }

    /** Where its module lies, from the top of the source tree. */
    static String folder(String bundle) {
        if (bundle.equals("launcher")) {
            return "distribution/launcher";
        }
        boolean atTheTop = TECHNIQUES.contains(bundle) || bundle.equals("api");
        return atTheTop ? bundle.replace('.', '-') : "bundles/" + bundle;
    }

    static String packages(String bundle) {
        return "proteus." + bundle + "..";
    }

    static JavaClasses mainClasses() {
        return new ClassFileImporter().withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS).importPackages("proteus");
    }

    static boolean belongsTo(JavaClass type, String bundle) {
        return (type.getPackageName() + ".").startsWith("proteus." + bundle + ".");
    }
}
