package proteus.silicon.processor;

import java.util.Arrays;
import proteus.api.silicon.GuestPaging;
import proteus.silicon.cpu.Cpu;
import proteus.silicon.mmu.Mmu;

/**
 * Puts a guest's own paging in force while its VMM's instruction emulator runs, and takes it away again. It is no event of the
 * hardware: nothing is counted.
 */
final class EmulatorView implements Mmu.PhysicalMap {
    private final Cpu cpu;
    private final GuestPaging paging;
    private final long[] pdptes = new long[4];
    private final long[] guestPdptes = new long[4];
    private long cr0, cr3, cr4, efer, guestCr0, guestCr3, guestCr4, guestEfer;
    private Mmu.PhysicalMap map;

    EmulatorView(Cpu cpu, GuestPaging paging) {
        this.cpu = cpu;
        this.paging = paging;
    }

    @Override
    public long hpa(long gpa) {
        return paging.hpa(gpa);
    }

    @Override
    public long hpaToWrite(long gpa) {
        return paging.hpaToWrite(gpa);
    }

    @Override
    public boolean writable(long gpa) {
        return paging.writable(gpa);
    }

    void enter() {
        cr0 = cpu.cr0;
        cr3 = cpu.cr3;
        cr4 = cpu.cr4;
        efer = cpu.efer;
        System.arraycopy(cpu.pdpte, 0, pdptes, 0, pdptes.length);
        guestCr0 = paging.cr0();
        guestCr3 = paging.cr3();
        guestCr4 = paging.cr4();
        guestEfer = paging.efer();
        cpu.cr0 = guestCr0;
        cpu.cr3 = guestCr3;
        cpu.cr4 = guestCr4;
        cpu.efer = guestEfer;
        for (int i = 0; i < pdptes.length; i++) {
            guestPdptes[i] = paging.pdpte(i);
            cpu.pdpte[i] = guestPdptes[i];
        }
        cpu.updateMode();
        map = cpu.mmu.enterEmulation(this);
    }

    void leave() {
        boolean changed = cpu.cr0 != guestCr0 || cpu.cr3 != guestCr3 || cpu.cr4 != guestCr4 || cpu.efer != guestEfer
            || !Arrays.equals(cpu.pdpte, guestPdptes);
        guestCr0 = cpu.cr0;
        guestCr3 = cpu.cr3;
        guestCr4 = cpu.cr4;
        guestEfer = cpu.efer;
        System.arraycopy(cpu.pdpte, 0, guestPdptes, 0, pdptes.length);
        cpu.cr0 = cr0;
        cpu.cr3 = cr3;
        cpu.cr4 = cr4;
        cpu.efer = efer;
        System.arraycopy(pdptes, 0, cpu.pdpte, 0, pdptes.length);
        cpu.updateMode();
        cpu.mmu.leaveEmulation(map);
        if (changed) {
            paging.changed(guestCr0, guestCr3, guestCr4, guestEfer, guestPdptes);
        }
    }
}
