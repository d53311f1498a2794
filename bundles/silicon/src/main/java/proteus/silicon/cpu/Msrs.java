package proteus.silicon.cpu;

/** Model-specific registers with no effect of their own on hot paths (EFER, FS and GS base, APIC base are elsewhere). */
public final class Msrs {
    public long star, lstar, cstar, sfmask, kernelGsBase, tscAux;
    public long sysenterCs, sysenterEsp, sysenterEip;
    public long pat = 0x0007040600070406L;
    public long miscEnable = 1;
    public long debugctl;
    public long apicBase = 0xfee00900L;
    public long mtrrDefType;
    public final long[] mtrrPhys = new long[16];
    public final long[] mtrrFixed = new long[11];
    public long microcode;
    public long tscAdjust;
    public long specCtrl;
    public long mcgStatus;
    public long featureControl = 5;
}
