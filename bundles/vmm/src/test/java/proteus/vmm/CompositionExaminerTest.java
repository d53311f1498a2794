package proteus.vmm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import proteus.api.compose.Composer;
import proteus.api.compose.Composition;
import proteus.api.compose.CompositionReport;
import proteus.api.compose.Preset;
import proteus.api.silicon.SiliconFeature;
import proteus.api.vm.VmException;

class CompositionExaminerTest {
    private final Platform platform = new Platform();
    private final CompositionExaminer composer = platform.composer;

    @Test
    void completePlatformFitsTheDefault() {
        CompositionReport report = composer.examine(Composition.DEFAULT);
        assertTrue(report.possible(), report.findings().toString());
        assertEquals("KVM 2008/2010-style with emulated devices", report.historicalName());
        assertTrue(report.findings().contains("Memory technique 'ept' fits silicon 'model', which has vmx, ept."), report.findings().toString());
    }

    @Test
    void techniqueOfTheDesignWithoutABundleIsNotOffered() {
        CompositionReport report = composer.examine(new Composition("model", "full", "shadow", "emul"));
        assertFalse(report.possible());
        assertEquals("VMware Workstation 1999, VirtualBox software mode", report.historicalName());
        assertTrue(report.findings().contains("CPU technique 'full' is not offered: no bundle provides it yet."));
        assertTrue(report.findings().contains("Memory technique 'shadow' is not offered: no bundle provides it yet."));
    }

    @Test
    void unknownTechniqueIsAnsweredWithTheKnownOnes() {
        CompositionReport report = composer.examine(new Composition("model", "magic", "ept", "emul"));
        assertTrue(report.findings().contains("CPU technique 'magic' does not exist; offered: hwassist."), report.findings().toString());
        assertEquals("what-if", report.historicalName());
    }

    @Test
    void missingSiliconFeatureIsNamed() {
        platform.features.remove(SiliconFeature.EPT);
        CompositionReport report = composer.examine(Composition.DEFAULT);
        assertFalse(report.possible());
        assertTrue(report.findings().contains("Memory technique 'ept' needs ept, which silicon 'model' does not have."));
    }

    @Test
    void missingSiliconIsNamed() {
        CompositionReport report = composer.examine(new Composition("kvm", "hwassist", "ept", "emul"));
        assertEquals("There is no silicon 'kvm': no bundle drives the host's own processor yet; offered: model.", report.findings().getFirst());
    }

    @Test
    void bareTechniqueListKnowsTheWholeDesign() {
        List<Composer.TechniqueStatus> all = composer.techniques();
        assertEquals(8, all.size());
        assertEquals(
                List.of("hwassist", "ept", "emul"),
                all.stream().filter(Composer.TechniqueStatus::offered).map(Composer.TechniqueStatus::name).toList());
        assertEquals("no bundle provides it yet", all.stream().filter(status -> status.name().equals("virtio")).findFirst().orElseThrow().reason());
    }

    @Test
    void presetIsAWishThatOtherWordsChange() {
        assertEquals(new Composition("model", "hwassist", "shadow", "emul"), composer.wished("kvm-2007", "", "", "", ""));
        assertEquals(new Composition("model", "hwassist", "shadow", "virtio"), composer.wished("kvm-2007", "", "", "", "virtio"));
        assertEquals(Composition.DEFAULT, composer.wished("", "", "", "", ""));
        assertEquals("direct", composer.wished("kvm-2007", "", "para", "", "").memory(), "another CPU technique brings its usual memory technique");
    }

    @Test
    void everyPresetHasAProductOfHistoryOrIsCalledWhatIf() {
        for (Preset preset : composer.presets()) {
            String known = composer.examine(composer.wished(preset.name(), "", "", "", "")).historicalName();
            assertEquals(preset.name().startsWith("what-if"), known.startsWith("what-if"), preset.name() + " is known as " + known);
            assertFalse(preset.source().isBlank());
        }
    }

    @Test
    void unknownPresetIsAnsweredWithTheKnownOnes() {
        VmException refusal = assertThrows(VmException.class, () -> composer.wished("xen-1999", "", "", "", ""));
        assertTrue(refusal.getMessage().startsWith("there is no preset 'xen-1999'; give one of vmware-1999, xen-2003"), refusal.getMessage());
    }
}
