package proteus.cpu.full;

import java.lang.annotation.Annotation;
import proteus.api.memory.MemoryTechnique;
import proteus.mem.shadow.ShadowTechnique;

/** The memory technique that full virtualization needs: it has room for the VMM in the guest's address space. */
final class Shadow {
    private Shadow() {}

    static MemoryTechnique technique() {
        return new ShadowTechnique(new ShadowTechnique.Config() {
            @Override
            public String variant() {
                return "out-of-sync";
            }

            @Override
            public int frames() {
                return 0;
            }

            @Override
            public Class<? extends Annotation> annotationType() {
                return ShadowTechnique.Config.class;
            }
        });
    }
}
